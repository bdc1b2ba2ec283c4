// Verifies and settles through the SDK, and reads what each facilitator answered. The SDK may ask one twice, or one after another, and
// tells the last answer only: a refusal by one must not hide what another one sent.
import type { SettleResponse, VerifyResponse } from "@x402/core/types";
import { type ReadSettlement, readSettlement } from "./read-settlement.ts";
import type { FacilitatorRefusals } from "./refusals.ts";
import type { ResourceServer } from "./resource-server.ts";
import { errorOfSettle, errorOfVerify } from "./sdk-errors.ts";
import { facilitatorsOf, hear } from "./watch-facilitators.ts";

type Verifying = Parameters<ResourceServer["verifyPayment"]>;
type Settling = Parameters<ResourceServer["settlePayment"]>;

export interface Verified {
  /** Undefined: the payment was not judged. */
  readonly response: Awaited<ReturnType<ResourceServer["verifyPayment"]>> | undefined;
  /** Whether it was rejected with a word that means "used before" where it was said. */
  readonly used: boolean;
}

/**
 * As `server.verifyPayment`. A rejection by one of several facilitators, of which none is known for the payment's network and scheme, is
 * no judgement: it may be for another chain.
 */
export async function verifyAtFacilitators(
  server: ResourceServer,
  verifying: Verifying,
  refusals: FacilitatorRefusals,
): Promise<Verified> {
  let known: ReturnType<FacilitatorRefusals> | undefined;
  let isGuess = false;
  const response: unknown = await hear(
    server,
    {
      payload: verifying[0],
      guesses() {
        isGuess = facilitatorsOf(server).length > 1;
      },
      verify(client, ask) {
        known = refusals(client);
        return ask();
      },
    },
    () => server.verifyPayment(...verifying),
  ).catch(errorOfVerify);
  if (!isVerification(response) || (!response.isValid && isGuess)) return { response: undefined, used: false };
  const reason = response.isValid ? undefined : response.invalidReason;
  return { response, used: reason !== undefined && (known ?? refusals(undefined)).get(reason)?.used === true };
}

/** A facilitator may answer anything. Only a clear yes or no judges the payment. */
function isVerification(response: unknown): response is VerifyResponse {
  const { isValid, invalidReason }: Partial<Record<keyof VerifyResponse, unknown>> = Object(response);
  return isValid === true || (isValid === false && typeof (invalidReason ?? "") === "string");
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
  server: ResourceServer,
  settling: Settling,
  refusals: FacilitatorRefusals,
): Promise<Settled> {
  const requirements = settling[1];
  const knownOfHooks = refusals(undefined);
  const attempts: ReadSettlement[] = [];
  let success: SettleResponse | undefined;
  let isOfSdk = false;
  const response = await hear(
    server,
    {
      payload: settling[0],
      settles() {
        isOfSdk = true;
      },
      async settle(client, ask) {
        const known = refusals(client);
        try {
          const answer = await ask();
          const read = readSettlement(answer, requirements, known);
          attempts.push(read);
          // A copy, which a hook cannot change.
          if (read.status === "settled") success = { ...answer };
          return answer;
        } catch (error) {
          attempts.push(readError(error, requirements, known));
          throw error;
        }
      },
    },
    () => server.settlePayment(...settling),
  ).catch((error: unknown) => {
    const answer = errorOfSettle(error);
    if (answer === undefined && sentIn(attempts) === undefined) throw error;
    return answer;
  });
  const last = response && readSettlement(response, requirements, knownOfHooks);
  // Money has moved, whatever a hook made of the answer.
  const receipt = attempts.findLast(({ status }) => status === "settled");
  if (receipt !== undefined) return { response: last?.status === "settled" ? response : success, read: receipt };
  if (attempts.length === 0 && last?.status === "refused" && !isOfSdk) {
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
