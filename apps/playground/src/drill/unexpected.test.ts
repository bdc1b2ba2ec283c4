// Errors: answers that the plan does not allow, and nothing that it does.
import { describe, expect, test } from "vitest";
import type { Sent } from "./evidence.ts";
import { type HandMade, handMade } from "./hand-made-lane.test-support.ts";
import type { TraceEvent } from "./trace.ts";
import { unexpectedAnswers } from "./unexpected.ts";

const client = "192.0.2.1";
const ask: TraceEvent = { at: 0, client, action: "ask" };
const pay: TraceEvent = { at: 0, client, action: "pay", payment: "A" };
const buy: TraceEvent = { at: 0, client, action: "buy", session: "S" };
const use: TraceEvent = { at: 1, client, action: "use", session: "S" };

function answered(lane: HandMade, id: string, to: Partial<Sent>): string[] {
  Object.assign(lane.sent.get(id) ?? {}, to);
  return unexpectedAnswers(lane.evidence);
}

describe("an answer is an error", () => {
  test.each<[string, TraceEvent[], string, Partial<Sent>]>([
    ["where there was none", [pay], "t-1", { status: undefined, problem: "no-answer" }],
    [
      "where nothing was sent because it could not be signed",
      [pay],
      "t-1",
      { status: undefined, problem: "not-signed" },
    ],
    ["where it stayed 503", [pay], "t-1", { status: 503 }],
    ["where the upstream failed", [pay], "t-1", { status: 502 }],
    ["where a payment was rejected", [pay], "t-1", { status: 402 }],
    ["where a payment of one request was used", [pay], "t-1", { status: 409 }],
    ["where a price was given away", [ask], "t-1", { status: 200 }],
    ["where a purchase was no purchase", [buy], "t-1", { status: 200 }],
    ["where a payer who asks again is refused what it paid for", [pay], "t-1", { status: 409, times: 2 }],
    ["where the payer's own duplicate is refused", [pay, pay], "t-2", { status: 409 }],
    ["where a client below every limit is limited", [pay], "t-1", { status: 429 }],
    ["where a use conflicts", [buy, use], "t-2", { status: 409 }],
  ])("%s", (_where, events, id, to) => {
    const lane = handMade(events);
    expect(unexpectedAnswers(lane.evidence)).toEqual([]);
    expect(answered(lane, id, to)).toEqual([id]);
  });
});

describe("a payment that all who present it are refused with 409", () => {
  const refused = (): HandMade => {
    const lane = handMade([pay, { ...pay, client: "192.0.2.66" }]);
    for (const { id } of lane.evidence.plan.requests.values()) answered(lane, id, { status: 409 });
    return lane;
  };

  test("is an error of each of them, where nothing ran and nothing was paid", () => {
    expect(unexpectedAnswers(refused().evidence)).toEqual(["t-1", "t-2"]);
  });

  test("is none where it ran for one of them, or was paid, or one of them still waits", () => {
    const ran = refused();
    ran.run(1, "t-2");
    expect(unexpectedAnswers(ran.evidence)).toEqual([]);
    const paid = refused();
    paid.transfer(1, "A");
    expect(unexpectedAnswers(paid.evidence)).toEqual([]);
    expect(answered(refused(), "t-2", { finished: false })).toEqual([]);
  });
});

describe("an answer is right", () => {
  test.each<[string, TraceEvent[], string, Partial<Sent>]>([
    ["409 for a payment that another presents too", [pay, { ...pay, client: "192.0.2.66" }], "t-2", { status: 409 }],
    ["200 for a purchase that is told again", [buy], "t-1", { status: 200, times: 2 }],
    ["402 for a session: the logs judge it", [buy, use], "t-2", { status: 402 }],
    [
      "nothing for a session whose token never came: the logs judge it",
      [buy, use],
      "t-2",
      { status: undefined, problem: "no-session" },
    ],
    ["nothing yet", [pay], "t-1", { status: undefined, finished: false }],
    ["429 for an address over its limit", [ask, ask, ask, ask, ask], "t-5", { status: 429 }],
    ["429 for an address over its limit by asking again", [ask, ask, ask], "t-3", { status: 429, times: 3 }],
    [
      "429 for a payer over its limit",
      [1, 2, 3, 4].map((n): TraceEvent => ({ at: 0, client: `192.0.2.${n}`, action: "pay", payer: "one" })),
      "t-4",
      { status: 429 },
    ],
  ])("%s", (_what, events, id, to) => {
    expect(answered(handMade(events), id, to)).toEqual([]);
  });

  test("409 for a payment's owner, where another who presents it was first", () => {
    const lane = handMade([pay, { ...pay, client: "192.0.2.66" }]);
    lane.run(1, "t-2");
    answered(lane, "t-2", { status: 200 });
    expect(answered(lane, "t-1", { status: 409 })).toEqual([]);
  });
});
