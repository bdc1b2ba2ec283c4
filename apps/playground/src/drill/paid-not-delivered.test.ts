// Paid, but not delivered: red by hand-made logs and answers, green where the payer has it in the end, however it came to it.
import { describe, expect, test } from "vitest";
import type { Sent } from "./evidence.ts";
import { type HandMade, handMade, presents as pay, rowOfLane, served } from "./hand-made-lane.test-support.ts";
import type { TraceEvent } from "./trace.ts";

const owner = "192.0.2.1";
const buy: TraceEvent = { at: 0, client: owner, action: "buy", session: "S", payment: "A" };

const row = (lane: HandMade) => rowOfLane(lane, "paid-not-delivered");

const answer = (lane: HandMade, id: string, to: Partial<Sent>) => void Object.assign(lane.sent.get(id) ?? {}, to);

describe("red", () => {
  test.each<[string, Partial<Sent>]>([
    ["409: used before", { status: 409 }],
    ["402: pay again", { status: 402 }],
    ["429, though it was charged", { status: 429 }],
    ["503 for as long as it asked", { status: 503, times: 80 }],
    ["no answer at all", { status: undefined, problem: "no-answer" }],
    ["502 from the upstream", { status: 502 }],
  ])("is a transfer whose payer got %s in the end, though the handler ran", (_what, got) => {
    const lane = handMade([pay(owner, "A"), pay(owner, "B")]);
    served(lane, 10, "t-1", "A");
    served(lane, 20, "t-2", "B");
    expect(row(lane)).toMatchObject({ value: 0, ok: true });
    answer(lane, "t-2", got);
    expect(row(lane)).toMatchObject({ value: 1, ok: false, requests: ["t-2"] });
  });

  test("is a payment that each of its payer's requests was refused", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "A")]);
    served(lane, 10, "t-1", "A");
    for (const id of ["t-1", "t-2"]) answer(lane, id, { status: 409 });
    expect(row(lane)).toMatchObject({ value: 1, requests: ["t-1", "t-2"] });
  });

  test("is a session that was paid for and never told", () => {
    const lane = handMade([buy]);
    lane.transfer(10, "A");
    expect(row(lane)).toMatchObject({ value: 0, note: "of 1" });
    answer(lane, "t-1", { status: 409 });
    expect(row(lane)).toMatchObject({ value: 1, requests: ["t-1"] });
  });

  test("is a session that was over when it was told", () => {
    const lane = handMade([buy]);
    lane.transfer(10, "A");
    answer(lane, "t-1", { status: 201, over: true });
    expect(row(lane)).toMatchObject({ value: 1, ok: false, requests: ["t-1"] });
  });

  test("a kill -9, a client that hung up and a lost reply excuse nothing", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.run(9, "t-1", "gateway-2/2");
    lane.call("settle", 10, "A", "gateway-2/2");
    lane.kill(11, "gateway-2/2");
    lane.transfer(12, "A");
    answer(lane, "t-1", { status: 409, times: 3, hungUp: true });
    expect(row(lane)).toMatchObject({ value: 1, ok: false, requests: ["t-1"] });
  });
});

describe("green", () => {
  test("is what came late, and the row tells what was met on the way", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "B"), pay(owner, "C")]);
    lane.run(9, "t-1", "gateway-2/2");
    lane.call("settle", 10, "A", "gateway-2/2");
    lane.kill(11, "gateway-2/2");
    lane.transfer(12, "A");
    answer(lane, "t-1", { times: 2 });
    served(lane, 20, "t-2", "B");
    answer(lane, "t-2", { times: 2, hungUp: true });
    served(lane, 30, "t-3", "C");
    expect(row(lane)).toMatchObject({
      value: 0,
      ok: true,
      requests: [],
      note: "of 3; 2 asked again; 1 of a process that was killed just after its settle call; 1 hung up while it was settled",
    });
  });

  test("is a duplicate that was refused, where another request of the payer got it", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "A")]);
    served(lane, 10, "t-2", "A");
    answer(lane, "t-1", { status: 409 });
    expect(row(lane).value).toBe(0);
  });

  test("is a payment that another presented in the same moment and got: it is its bearer's", () => {
    const lane = handMade([pay(owner, "A"), pay("192.0.2.66", "A")]);
    served(lane, 10, "t-2", "A");
    answer(lane, "t-1", { status: 409 });
    answer(lane, "t-2", { status: 200 });
    expect(row(lane).value).toBe(0);
  });

  test("is no client that did not pay, and none that still asks", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "B"), pay(owner, "B")]);
    answer(lane, "t-1", { status: 409 });
    served(lane, 10, "t-2", "B");
    answer(lane, "t-2", { status: 409 });
    answer(lane, "t-3", { status: undefined, finished: false });
    expect(row(lane)).toMatchObject({ value: 0, note: "of 0" });
  });

  test("is told again to the buyer of a session, with 200", () => {
    const lane = handMade([buy, buy].map((event, n) => ({ ...event, session: `S${n}` })));
    lane.transfer(10, "A");
    answer(lane, "t-1", { status: 409 });
    answer(lane, "t-2", { status: 200 });
    expect(row(lane).value).toBe(0);
  });
});
