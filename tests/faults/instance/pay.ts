// In an instance's process: one payment by payOnce, against the run's ledger.
import { type Paid, payOnce, StoreError, type Stores } from "@tollbooth-stores/core";
import type { Pay, PayEnded, RunJobs, Step } from "../contract.ts";
import type { Remote } from "../wire.ts";

/** Throws what payOnce throws. */
export async function payHere(stores: Stores, run: Remote<RunJobs>, payment: Pay): Promise<PayEnded> {
  const {
    id,
    leaseMs,
    ledgerMovesOnce = false,
    forged = false,
    stops = [],
    validUntilMs = Date.now() + 60_000,
  } = payment;
  const { payload = `payload of ${id}`, fingerprint = `purchase of ${id}` } = payment;
  const caller = new AbortController();
  const at = async (step: Step) => {
    if (stops.includes(step) && (await run.reached(step, id)) === "abort") caller.abort();
  };
  const content = `content of ${id}`;
  const answer: Paid<string> = await payOnce(
    stores.verifications,
    {
      key: id,
      payloadHash: payload,
      fingerprint,
      validUntilMs,
      collector: forged ? "a forger" : "the payer",
      reference: id,
    },
    {
      async verify() {
        await at("verify");
        return forged ? { ok: false, reason: "The signature is not the payer's." } : { ok: true };
      },
      serve: async () => content,
      async settle({ signal }) {
        await at("settle");
        signal.throwIfAborted();
        const moved = await run.transfer(id, ledgerMovesOnce);
        await at("moved");
        return "receipt" in moved ? { ok: true, receipt: moved.receipt } : { ok: false, reason: moved.refused };
      },
      async findSettlement() {
        const found = await run.find(id);
        if (found === "void") return { none: "void" };
        if (found !== "unknown" || !ledgerMovesOnce) return found;
        const again = await run.transfer(id, true);
        return "receipt" in again ? again : "unknown";
      },
    },
    { leaseMs, signal: caller.signal, keep: { write: (made) => made, read: (text) => text } },
  );
  if (answer.status === "paid" && answer.fresh) await run.fresh(id);
  await at("answer");
  caller.signal.throwIfAborted();
  return endedBy(answer, content);
}

function endedBy(answer: Paid<string>, content: string): PayEnded {
  if (answer.status !== "paid") return answer;
  const handed = answer.fresh ? answer.result : answer.kept;
  if (handed === undefined) return { status: "empty" };
  if (handed !== content) throw new StoreError("STORE_CORRUPT", "Another content was handed over.");
  return { status: answer.fresh ? "fresh" : "kept" };
}
