// The signal that a handler is given: the gate's, and one that ends with its failure.
import { expect, test } from "vitest";
import { withOwnSignal } from "./own-signal.ts";
import type { PaymentInHand } from "./payment-in-hand.ts";

test("a handler's signal aborts with the gate's while it works, and with what it fails of", async () => {
  const gates = new AbortController();
  const payment = { key: "one", fence: "1", payer: "0xann", signal: gates.signal };
  const seen: PaymentInHand[] = [];
  const made = await withOwnSignal(payment, async (own) => {
    seen.push(own);
    return "made";
  });
  const failure = new RangeError("too large");
  const failing = withOwnSignal(payment, async (own) => {
    seen.push(own);
    throw failure;
  });
  await expect(failing).rejects.toBe(failure);
  const waiting = withOwnSignal(payment, (own) => {
    seen.push(own);
    return new Promise<never>((_resolve, reject) => {
      own.signal.addEventListener("abort", () => reject(own.signal.reason));
    });
  });
  gates.abort("left");
  await expect(waiting).rejects.toBe("left");
  expect([made, seen.map(({ signal }) => signal.reason)]).toEqual(["made", [undefined, failure, "left"]]);
  expect(seen[0]).toEqual({ ...payment, signal: expect.any(AbortSignal) });
  expect([gates.signal.aborted, payment.signal]).toEqual([true, gates.signal]);
});
