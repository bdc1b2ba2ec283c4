// The steps that payOnce takes with the SDK: verify, settle, and finding out about a settlement in doubt.
import type {
  FindContext,
  FoundSettlement,
  Payment,
  PaymentSteps,
  StepContext,
  VerifyResult,
} from "@tollbooth-stores/core";
import { findAnswer } from "@tollbooth-stores/core/native";
import type { Answer } from "@tollbooth-stores/http";
import type { PaymentPayload, PaymentRequirements, SettleResponse } from "@x402/core/types";
import { settleAtFacilitators, verifyAtFacilitators } from "./facilitators-asked.ts";
import type { ReadSettlement } from "./read-settlement.ts";
import type { FacilitatorRefusals } from "./refusals.ts";
import { OTHER_TERMS } from "./refuse-copies.ts";
import type { ResourceServer } from "./resource-server.ts";
import { overridesIn } from "./settlement-overrides.ts";

/** Says what became of a payment, by its reference and the evidence that was noted. */
export type FindSettlement = (evidence: string | undefined, context: FindContext) => Promise<FoundSettlement>;

export interface SettlingOptions {
  readonly findSettlement: FindSettlement;
  readonly refusals: FacilitatorRefusals;
  readonly settlesFirst: boolean;
}

/** A payment with everything that the SDK wants to know of it. */
export interface SdkPayment {
  readonly payment: Payment;
  readonly payload: PaymentPayload;
  readonly requirements: PaymentRequirements;
  readonly extensions: Record<string, unknown> | undefined;
  readonly transport: unknown;
}

export interface SdkSteps extends Omit<PaymentSteps<never>, "serve"> {
  /** The settlement of this very call, with what the SDK's extensions added to it. */
  settled(): SettleResponse | undefined;
  /** What could not be asked, so that the payment was neither accepted nor rejected. */
  unreachable(): "facilitator" | "lookup" | undefined;
}

/** How long after a payment's end a lookup that cannot tell is taken for "not yet", because clocks differ. */
const CLOCKS_DIFFER_MS = 900_000;

export interface StepsAsk {
  /** The answer that the handler made in this call. */
  made(): Answer | undefined;
  /** Whether the route takes such a payment. */
  mayBegin(): Promise<boolean>;
  /** Rejects where the handler could sell nothing for a payment that is valid. */
  requireSellable(step: StepContext): Promise<void>;
  /** Whether it is time to ask what became of a payment in doubt. */
  mayAsk(): Promise<boolean>;
  /** False where the server has no scheme for it, and while a refusal of it lasts, which its payer may have been told. */
  maySettleAgain(): Promise<boolean>;
}

export function sdkSteps(
  server: ResourceServer,
  { payment, payload, requirements, extensions, transport }: SdkPayment,
  { findSettlement, refusals, settlesFirst }: SettlingOptions,
  { made, mayBegin, requireSellable, mayAsk, maySettleAgain }: StepsAsk,
): SdkSteps {
  let settled: SettleResponse | undefined;
  let refused = false;
  let unreachable: "facilitator" | "lookup" | undefined;
  const phase = settlesFirst ? "before-handler" : "after-handler";
  const settleOnce = async (): Promise<ReadSettlement> => {
    const answer = made();
    const context = answer === undefined ? transport : withAnswer(transport, answer);
    const overrides = answer && overridesIn(answer);
    const { response, read } = await settleAtFacilitators(
      server,
      [payload, requirements, extensions, context, overrides, phase],
      refusals,
    );
    if (read.status === "settled") settled = response;
    return read;
  };

  /** A store that lost its records knows nothing of a payment that has moved. Its payer must not be told to pay again. */
  const reject = async (reason: string, step: StepContext): Promise<VerifyResult> => {
    try {
      const fate = await fateOf(findSettlement, payment, step);
      return fate === "open" ? { later: true } : { ok: false, reason, used: fate === "used" };
    } catch {
      unreachable = "lookup";
      return { later: true };
    }
  };

  return {
    settled: () => settled,
    unreachable: () => unreachable,

    async verify(step) {
      if (!(await mayBegin())) return reject(OTHER_TERMS, step);
      const { response: verified, used } = await verifyAtFacilitators(
        server,
        [payload, requirements, extensions, transport],
        refusals,
      );
      if (verified === undefined) {
        unreachable = "facilitator";
        return { later: true };
      }
      if (verified.isValid) {
        if ("skipHandler" in verified && verified.skipHandler !== undefined) {
          throw new Error("A hook of the x402 server asked to skip the handler, which paidRoutes does not support.");
        }
        await requireSellable(step);
        return { ok: true };
      }
      const reason = verified.invalidReason ?? "invalid_payment";
      if (reason.startsWith("unexpected_")) {
        unreachable = "facilitator";
        return { later: true };
      }
      if (used) return { ok: false, reason, used: true };
      return reject(reason, step);
    },

    async settle({ note, signal }) {
      signal.throwIfAborted();
      const read = await settleOnce();
      if (read.status === "settled") return { ok: true, receipt: read.receipt };
      if (read.status === "refused") {
        refused = true;
        return { ok: false, reason: read.reason, used: read.used };
      }
      if (read.transaction !== undefined) await note(read.transaction);
      throw new Error("The facilitator could not say whether the payment settled; findSettlement will be asked.");
    },

    async findSettlement(evidence, context) {
      // A refusal is asked about at once. A payment in doubt, of which its payer may send any number of copies, is asked about in turn.
      if (!refused && !(await mayAsk())) return "unknown";
      const found = await findSettlement(evidence, context);
      if (found !== "unknown" || refused) return found;
      // Another authorization of the same nonce would move money for an attempt that is thought to be over. And what
      // `upto` moves is known only to the call that made the answer.
      if (context.reference !== payment.reference || requirements.scheme !== "exact") return found;
      // The store may have lost that the payment was freed, and its payer may be signing anew.
      if (!(await maySettleAgain())) return found;
      context.signal.throwIfAborted();
      // The same authorization again: the chain lets at most one of the two through, whichever comes first.
      const read = await settleOnce().catch(() => undefined);
      return read?.status === "settled"
        ? { receipt: read.receipt }
        : findSettlement(transactionOf(read) ?? evidence, context);
    },
  };
}

function transactionOf(read: ReadSettlement | undefined): string | undefined {
  return read?.status === "unclear" ? read.transaction : undefined;
}

/**
 * Of a payment that will not be taken: "used" where it moved money, "open" where it is over by a clock here and may still
 * settle, else "over". Rejects where `findSettlement` does.
 */
export async function fateOf(
  findSettlement: FindSettlement,
  { reference, validUntilMs }: Payment,
  step: Omit<FindContext, "reference">,
): Promise<"used" | "open" | "over"> {
  const found = findAnswer(await findSettlement(undefined, { ...step, reference }));
  if (found === "unclear") throw new TypeError('findSettlement must answer { receipt }, { none } or "unknown".');
  if (found !== "unknown") return "receipt" in found ? "used" : "over";
  const overForMs = Date.now() - validUntilMs;
  return overForMs >= 0 && overForMs < CLOCKS_DIFFER_MS ? "open" : "over";
}

function withAnswer(transport: unknown, { headers, body }: Answer): unknown {
  return { ...Object(transport), responseHeaders: { ...headers }, responseBody: Buffer.from(body) };
}
