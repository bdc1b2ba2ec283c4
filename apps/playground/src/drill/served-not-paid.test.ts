// Handler runs for which no money ever moved.
import { expect, test } from "vitest";
import { handMade, served } from "./hand-made-lane.test-support.ts";
import { servedNotPaid } from "./served-not-paid.ts";
import type { TraceEvent } from "./trace.ts";

const owner = "192.0.2.1";
const pay = (client: string, payment: string): TraceEvent => ({ at: 0, client, payment, action: "pay" });

test("a run without a transfer is red once no client waits for an answer any more", () => {
  const lane = handMade([pay(owner, "A"), pay(owner, "B"), pay(owner, "B")]);
  served(lane, 10, "t-1", "A");
  lane.run(20, "t-2");
  Object.assign(lane.sent.get("t-3") ?? {}, { finished: false });
  expect(servedNotPaid(lane.evidence)).toMatchObject({ value: 0, ok: true });
  Object.assign(lane.sent.get("t-3") ?? {}, { finished: true });
  expect(servedNotPaid(lane.evidence)).toMatchObject({ value: 1, ok: false, requests: ["t-2"] });
});

test("a run for a request that pays nothing is red", () => {
  const lane = handMade([{ at: 0, client: owner, action: "ask" }]);
  lane.run(10, "t-1");
  expect(servedNotPaid(lane.evidence)).toMatchObject({ value: 1, ok: false, requests: ["t-1"] });
});

test("a use of a session whose purchase moved no money is red", () => {
  const lane = handMade([
    { at: 0, client: owner, action: "buy", session: "S", payment: "A" },
    { at: 9, client: owner, action: "use", session: "S" },
  ]);
  lane.run(10, "t-2");
  expect(servedNotPaid(lane.evidence)).toMatchObject({ value: 1, ok: false, requests: ["t-2"] });
  lane.transfer(5, "A");
  expect(servedNotPaid(lane.evidence)).toMatchObject({ value: 0, ok: true });
});

test("a payment that ran twice and was never paid for is one", () => {
  const lane = handMade([pay(owner, "A"), pay(owner, "A")]);
  lane.run(10, "t-1");
  lane.run(11, "t-2", "gateway-2/2");
  expect(servedNotPaid(lane.evidence)).toMatchObject({ value: 1, requests: ["t-1", "t-2"] });
});
