// Tests of how the seller's steps are run for the payment machine.
import { expect, test } from "vitest";
import { mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { paySteps } from "./pay-steps.ts";

test("what a dropped serve still makes is not what is delivered", async () => {
  let finish = (_: string) => {};
  const slow = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const steps = paySteps<string>({
    store: createVerificationStore(mapPort()),
    payment: { key: "key", payloadHash: "payload", fingerprint: "page", validUntilMs: 0 },
    steps: {
      verify: async () => ({ ok: true }),
      serve: () => slow,
      settle: async () => ({ ok: true, receipt: "receipt" }),
      findSettlement: async () => "unknown",
    },
    leaseMs: 1_000,
    keep: { write: (result) => result, read: (text) => text },
    signal: undefined,
    tell: () => {},
    errorRef: () => 0,
    note: async () => {},
  });
  steps.run({ step: "serve", id: 0, fence: "1" });
  steps.stop(0, "lease");
  steps.run({ step: "read", id: 1, text: "what was kept" });
  finish("made too late");
  await slow;
  await Promise.resolve();
  expect(steps.result()).toBe("what was kept");
});
