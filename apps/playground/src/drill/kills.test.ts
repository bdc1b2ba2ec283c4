// The drill's kills at a payment's steps: which instances they meet, and that the faults they need are over afterwards.
import { describe, expect, test } from "vitest";
import { fakeLane, view } from "./fake-lane.test-support.ts";
import { killAt } from "./kills.ts";
import type { FacilitatorCall, Transfer } from "./lane-logs.ts";

const never = new AbortController().signal;

/** Two gateways, and logs that a test adds to. */
function lane() {
  const log: string[] = [];
  const [calls, transfers]: [FacilitatorCall[], Transfer[]] = [[], []];
  const views = [view("gateway-1", { pid: 11 }), view("gateway-2", { pid: 22, inFlight: 1 })];
  const driven = fakeLane(log, views, undefined, { runs: [], calls, transfers });
  return {
    driven,
    log,
    call: (kind: "verify" | "settle", nonce: string, instance: string) =>
      void calls.push({ at: 0, kind, payer: "0xA", nonce, instance }),
    transfer: (nonce: string) => void transfers.push({ at: 0, from: "0xa", nonce }),
  };
}

describe("a kill", () => {
  test("at a settle call is of the process that sent it, while the money is held back", async () => {
    const { driven, log, call } = lane();
    call("settle", "0x0", "gateway-2/22");
    const killing = killAt("settle", driven, never);
    await expect.poll(() => log.length).toBe(1);
    call("verify", "0x1", "gateway-2/22");
    call("settle", "0x1", "gateway-1/10");
    call("settle", "0x2", "gateway-1/11");
    await killing;
    expect(log).toEqual(['fault {"on":"settle","delayMs":400}', "kill gateway-1", "gateway-1 is back", "faults over"]);
  });

  test.each(["transfer", "answer"] as const)(
    "at the step %s is of the process whose settlement it was",
    async (step) => {
      const { driven, log, call, transfer } = lane();
      call("settle", "0x1", "gateway-2/22");
      call("settle", "0x2", "gateway-1/11");
      transfer("0x1");
      const killing = killAt(step, driven, never);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(log).toEqual([]);
      transfer("0x2");
      await killing;
      expect(log).toEqual(["kill gateway-1", "gateway-1 is back", "faults over"]);
    },
  );

  test("is of the busiest where no payment comes in time", async () => {
    const { driven, log } = lane();
    await killAt("transfer", driven, never);
    expect(log).toEqual(["kill gateway-2", "gateway-2 is back", "faults over"]);
  });

  test("is none where it is all over, and the faults are, too", async () => {
    const { driven, log } = lane();
    const stop = new AbortController();
    const killing = killAt("settle", driven, stop.signal);
    stop.abort(new Error("enough"));
    await expect(killing).rejects.toThrow("enough");
    expect(log).toEqual(['fault {"on":"settle","delayMs":400}', "faults over"]);
  });
});
