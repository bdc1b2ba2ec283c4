// Replays, and what was paid and not served: each turned red by hand-made logs.
import { describe, expect, test } from "vitest";
import { handMade, presents as pay, redRows as red, rowOfLane as row, served } from "./hand-made-lane.test-support.ts";

const owner = "192.0.2.1";
const attacker = "192.0.2.66";

describe("replays accepted", () => {
  test("a run for another client that presents the payment is red, and names that request", () => {
    const lane = handMade([pay(owner, "A"), pay(attacker, "A")]);
    served(lane, 10, "t-1", "A");
    lane.run(11, "t-2", "gateway-2/2");
    expect(row(lane, "replays-accepted")).toMatchObject({ value: 1, ok: false, requests: ["t-2"] });
  });

  test("the client that presents it first is served, once; the second one is the replay, payer or not", () => {
    const lane = handMade([pay(owner, "A"), pay(attacker, "A"), pay("192.0.2.67", "A")]);
    served(lane, 10, "t-2", "A");
    expect(red(lane)).toEqual({});
    lane.run(11, "t-3", "gateway-2/2");
    expect(row(lane, "replays-accepted")).toMatchObject({ value: 1, requests: ["t-2", "t-3"] });
    lane.runs.pop();
    lane.run(11, "t-1", "gateway-2/2");
    expect(row(lane, "replays-accepted")).toMatchObject({ value: 1, requests: ["t-2"] });
  });

  test("the owner's own payment on another route is a replay", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "A", { route: "/report" })]);
    served(lane, 10, "t-1", "A");
    lane.run(30, "t-2");
    expect(row(lane, "replays-accepted")).toMatchObject({ value: 1, requests: ["t-2"] });
  });

  test("a run for another client after the transfer is red, also where it is the only one", () => {
    const lane = handMade([pay(owner, "A"), pay(attacker, "A")]);
    lane.transfer(10, "A");
    lane.run(11, "t-2");
    expect(row(lane, "replays-accepted")).toMatchObject({ value: 1, requests: ["t-2"] });
  });

  test("a session that another client bought with the payment is one where both sessions are used", () => {
    const lane = handMade([
      { at: 0, client: owner, action: "buy", session: "S", payment: "A" },
      { at: 0, client: attacker, action: "buy", session: "T", payment: "A" },
      { at: 9, client: owner, action: "use", session: "S" },
      { at: 9, client: attacker, action: "use", session: "T" },
    ]);
    lane.transfer(5, "A");
    lane.run(11, "t-4");
    expect(red(lane)).toEqual({});
    lane.run(10, "t-3");
    expect(row(lane, "replays-accepted")).toMatchObject({ value: 1, ok: false, requests: ["t-2", "t-4"] });
  });

  test("content that was kept, handed to another client, needs no run to be red", () => {
    const lane = handMade([pay(owner, "A"), pay(attacker, "A")]);
    served(lane, 10, "t-1", "A");
    expect(red(lane)).toEqual({});
    Object.assign(lane.sent.get("t-2") ?? {}, { status: 200 });
    expect(row(lane, "replays-accepted")).toMatchObject({ value: 1, ok: false, requests: ["t-2"] });
    // The first client has it; the other one has not.
    Object.assign(lane.sent.get("t-1") ?? {}, { status: 409 });
    expect(red(lane)).toEqual({});
  });

  test("the owner's own duplicates are none", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "A")]);
    served(lane, 10, "t-1", "A");
    lane.run(11, "t-2");
    expect(row(lane, "replays-accepted").value).toBe(0);
  });
});

describe("paid, but not served", () => {
  test("a transfer without a run is red", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "B")]);
    served(lane, 10, "t-1", "A");
    lane.transfer(20, "B");
    expect(red(lane)).toEqual({ "paid-not-served": 1 });
    expect(row(lane, "paid-not-served").requests).toEqual(["t-2"]);
  });

  test("what was paid for a session needs no run", () => {
    const lane = handMade([{ at: 0, client: owner, action: "buy", session: "S", payment: "A" }]);
    lane.transfer(10, "A");
    expect(red(lane)).toEqual({});
  });
});
