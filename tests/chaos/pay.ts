// In a seller's process: one request, paid for by payOnce, with stops at the points where the plan strikes.
import { setTimeout as sleep } from "node:timers/promises";
import { type Paid, type PaymentSteps, payOnce, type VerificationStore } from "@tollbooth-stores/core";
import { ask, during, send } from "./channel.ts";
import { askLedger, findSettlement, type Reference } from "./find-settlement.ts";
import { contentOf, digestOf, NO_FUNDS, type PaymentRequest, type Told } from "./messages.ts";
import { mistakenSteps, mistakenStore } from "./mistakes.ts";
import type { Fault, Point } from "./points.ts";
import { struckStore } from "./struck-store.ts";

const callers = new Map<number, AbortController>();

/** The payer of this request is gone. */
export function leave(request: number): void {
  callers.get(request)?.abort();
}

export async function pay(store: VerificationStore, asked: PaymentRequest, leaseMs: number): Promise<void> {
  const { request, payment } = asked;
  const caller = new AbortController();
  callers.set(request, caller);
  const strikes = new Set(payment.strikes.map(({ at }) => at));
  const at = async (point: Point): Promise<Fault | undefined> => {
    if (!strikes.has(point)) return undefined;
    const go = await ask({ kind: "at", of: payment.id, point });
    const fault = go.kind === "go" ? go.fault : undefined;
    if (fault === "abort") caller.abort();
    return fault;
  };
  const watched = struckStore(mistakenStore(store, payment.mistake), {
    at: async (point) => void (await at(point)),
    delivering: () => send({ kind: "delivering", request }),
    undelivered: () => send({ kind: "undelivered", request }),
  });
  const told = await during(() => paid(watched, asked, leaseMs, at, caller.signal));
  callers.delete(request);
  send({ kind: "told", request, told });
}

async function paid(
  store: VerificationStore,
  { request, payment, validBeforeMs }: PaymentRequest,
  leaseMs: number,
  at: (point: Point) => Promise<Fault | undefined>,
  signal: AbortSignal,
): Promise<Told> {
  const { id, ledger } = payment;
  let answer: Paid<string>;
  try {
    answer = await payOnce(
      store,
      {
        ...{ key: `payment ${id}`, payloadHash: `payload ${id}`, fingerprint: `purchase ${id}` },
        ...(payment.collector && { collector: `payer ${id}` }),
        ...{ validUntilMs: validBeforeMs, reference: JSON.stringify({ id, ledger } satisfies Reference) },
      },
      mistakenSteps(stepsOf(payment, validBeforeMs, at), payment.mistake),
      {
        ...{ order: payment.order, leaseMs, signal },
        ...(payment.keep !== "no keep" && { keep: { write: (made) => made, read: (text) => text } }),
      },
    );
    if (answer.status === "paid" && answer.fresh) send({ kind: "fresh", request });
  } catch (error) {
    return { status: "error", message: error instanceof Error ? error.message : "?" };
  }
  const told = toldBy(answer);
  await at("answer");
  return signal.aborted ? { status: "error", message: "The payer is gone." } : told;
}

function stepsOf(
  { id, ledger, keep, serveMs }: PaymentRequest["payment"],
  validBeforeMs: number,
  at: (point: Point) => Promise<Fault | undefined>,
): PaymentSteps<string> {
  return {
    verify: () =>
      during(async () => {
        if ((await at("verify")) === "verify later") return { later: true, retryAfterMs: 50 };
        if (Date.now() >= validBeforeMs) return { ok: false, reason: "The authorization has expired." };
        await at("verified");
        return { ok: true };
      }),
    serve: () =>
      during(async () => {
        if ((await at("serve")) === "serve fails") throw new Error("It could not be made.");
        if (serveMs > 0) await sleep(serveMs);
        const content = contentOf({ id, keep });
        await at("served");
        return content;
      }),
    settle: ({ signal, note }) =>
      during(async () => {
        await note(`about to move ${id}`);
        const fault = await at("settle");
        if (fault === "refuse transfer") return { ok: false, reason: NO_FUNDS };
        signal.throwIfAborted();
        const moved = await askLedger("transfer", id);
        await at("moved");
        if ("receipt" in moved) return { ok: true, receipt: moved.receipt };
        return { ok: false, reason: moved.refused, used: moved.used };
      }),
    findSettlement: (_evidence, { signal }) =>
      during(async () => {
        await at("find");
        const found = await findSettlement({ id, ledger }, signal);
        await at("found");
        return found;
      }),
  };
}

function toldBy(answer: Paid<string>): Told {
  if (answer.status !== "paid") return answer;
  if (answer.fresh) return { status: "fresh", digest: digestOf(answer.result) };
  return answer.kept === undefined ? { status: "empty" } : { status: "kept", digest: digestOf(answer.kept) };
}
