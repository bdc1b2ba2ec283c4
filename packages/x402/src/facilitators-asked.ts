// Verifies and settles through the SDK, and reads what each facilitator answered. The SDK may ask one twice, or one after another, and
// tells the last answer only: a refusal by one must not hide what another one sent.
import type { FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import type { SettleResponse, VerifyResponse } from "@x402/core/types";
import { type ReadSettlement, readSettlement } from "./read-settlement.ts";
import type { FacilitatorRefusals } from "./refusals.ts";
import { errorOfSettle, errorOfVerify } from "./sdk-errors.ts";

type Verifying = Parameters<x402ResourceServer["verifyPayment"]>;
type Settling = Parameters<x402ResourceServer["settlePayment"]>;

export interface Verified {
  /** Undefined: the payment was not judged. */
  readonly response: Awaited<ReturnType<x402ResourceServer["verifyPayment"]>> | undefined;
  /** Whether it was rejected with a word that means "used before" where it was said. */
  readonly used: boolean;
}

/** As `server.verifyPayment`. */
export async function verifyAtFacilitators(
  server: x402ResourceServer,
  verifying: Verifying,
  refusals: FacilitatorRefusals,
): Promise<Verified> {
  let known: ReturnType<FacilitatorRefusals> | undefined;
  const watched = throughClients(server, (client) => ({
    ...passedOn(client),
    verify(...given) {
      known = refusals(client);
      return client.verify(...given);
    },
  }));
  const response: VerifyResponse | undefined = await watched.verifyPayment(...verifying).catch(errorOfVerify);
  const reason = response?.isValid === false ? response.invalidReason : undefined;
  return { response, used: reason !== undefined && (known ?? refusals(undefined)).get(reason)?.used === true };
}

export interface Settled {
  /** Undefined where the SDK threw although a facilitator had named a transaction. */
  readonly response: SettleResponse | undefined;
  readonly read: ReadSettlement;
}

/**
 * As `server.settlePayment`. Settled where any facilitator that was asked succeeded, whatever a hook made of its answer. Refused only
 * where each of them refused, in its own words; where none was asked, a hook's words count. Throws what the SDK threw, unless it is an
 * answer or a transaction was named before.
 */
export async function settleAtFacilitators(
  server: x402ResourceServer,
  settling: Settling,
  refusals: FacilitatorRefusals,
): Promise<Settled> {
  const requirements = settling[1];
  const knownOfHooks = refusals(undefined);
  const attempts: ReadSettlement[] = [];
  let success: SettleResponse | undefined;
  const watched = throughClients(server, (client) => ({
    ...passedOn(client),
    async settle(...given) {
      const known = refusals(client);
      try {
        const response = await client.settle(...given);
        const read = readSettlement(response, requirements, known);
        attempts.push(read);
        // A copy, which a hook cannot change.
        if (read.status === "settled") success = { ...response };
        return response;
      } catch (error) {
        attempts.push(readError(error, requirements, known));
        throw error;
      }
    },
  }));
  const response = await watched.settlePayment(...settling).catch((error: unknown) => {
    const answer = errorOfSettle(error);
    if (answer === undefined && sentIn(attempts) === undefined) throw error;
    return answer;
  });
  const last = response && readSettlement(response, requirements, knownOfHooks);
  // Money has moved, whatever a hook made of the answer.
  const receipt = attempts.findLast(({ status }) => status === "settled");
  if (receipt !== undefined) return { response: last?.status === "settled" ? response : success, read: receipt };
  if (attempts.length === 0 && last?.status === "refused" && !isWatched(watched)) {
    return { response, read: { status: "unclear", transaction: undefined } };
  }
  return { response, read: readTogether(attempts, last) };
}

function readTogether(attempts: readonly ReadSettlement[], last: ReadSettlement | undefined): ReadSettlement {
  if (last !== undefined && (last.status === "settled" || attempts.length === 0)) return last;
  const refused = attempts.filter(({ status }) => status === "refused");
  const final = refused.at(-1);
  if (final?.status !== "refused" || refused.length < attempts.length) {
    return { status: "unclear", transaction: sentIn(attempts) };
  }
  return { ...final, used: refused.some((refusal) => "used" in refusal && refusal.used) };
}

/** The transaction that was named last. */
function sentIn(attempts: readonly ReadSettlement[]): string | undefined {
  return attempts
    .map((attempt) => {
      if (attempt.status === "settled") return attempt.receipt;
      return attempt.status === "unclear" ? attempt.transaction : undefined;
    })
    .findLast((transaction) => transaction !== undefined);
}

/** An error that is no answer may still name a transaction. */
function readError(error: unknown, asked: Settling[1], known: ReturnType<FacilitatorRefusals>): ReadSettlement {
  const answer = errorOfSettle(error);
  if (answer !== undefined) return readSettlement(answer, asked, known);
  const { transaction }: { transaction?: unknown } = Object(error);
  const named = typeof transaction === "string" && transaction !== "";
  return { status: "unclear", transaction: named ? transaction : undefined };
}

/** The clients that were given to the server. Undefined where a version of the SDK keeps them elsewhere. */
export function facilitatorsOf(server: x402ResourceServer): readonly FacilitatorClient[] | undefined {
  const clients: unknown = Reflect.get(server, "facilitatorClients");
  return Array.isArray(clients) ? clients.filter(isFacilitator) : undefined;
}

/**
 * A server whose facilitators are asked through `through`. The names are private in the SDK's types, and there is no other place to
 * hear each answer. Throws, before anything is sent, where a version of the SDK keeps its clients elsewhere.
 */
function throughClients(
  server: x402ResourceServer,
  through: (client: FacilitatorClient) => FacilitatorClient,
): x402ResourceServer {
  const clientOf: unknown = Reflect.get(server, "getFacilitatorClient");
  const clients = facilitatorsOf(server);
  if (typeof clientOf !== "function" || clients === undefined) {
    throw new Error("This version of @x402/core keeps its facilitator clients elsewhere.");
  }
  const hooksOf: unknown = Reflect.get(server, "getLabeledHooks");
  const own: x402ResourceServer = Object.create(server, {
    getLabeledHooks: {
      value(...given: unknown[]) {
        watchedServers.add(own);
        return typeof hooksOf === "function" ? Reflect.apply(hooksOf, this, given) : [];
      },
    },
    getFacilitatorClient: {
      value(...kind: unknown[]) {
        const client: unknown = Reflect.apply(clientOf, server, kind);
        return isFacilitator(client) ? through(client) : client;
      },
    },
    facilitatorClients: { value: clients.map(through) },
  });
  return own;
}

/** The watched servers on which a call of the SDK's has run: a method that is bound to the seller's own server runs there instead. */
const watchedServers = new WeakSet<x402ResourceServer>();
const isWatched = (server: x402ResourceServer) => watchedServers.has(server);

function passedOn(client: FacilitatorClient): FacilitatorClient {
  return {
    verify: (...given) => client.verify(...given),
    settle: (...given) => client.settle(...given),
    getSupported: () => client.getSupported(),
  };
}

function isFacilitator(client: unknown): client is FacilitatorClient {
  return typeof Object(client).settle === "function";
}
