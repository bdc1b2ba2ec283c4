// Each row of the table turned red by hand-made logs, one cause at a time, and how little a kill -9 excuses.
import { describe, expect, test } from "vitest";
import {
  type HandMade,
  handMade,
  presents as pay,
  redRows as red,
  rowOfLane as row,
  served,
} from "./hand-made-lane.test-support.ts";
import { rowTitles } from "./rows.ts";
import { verdicts } from "./verdicts.ts";

const owner = "192.0.2.1";
const attacker = "192.0.2.66";

describe("a lane in which all went well", () => {
  test("holds every row, and says how much was tried", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "A"), pay(attacker, "A"), pay(owner, "B")]);
    served(lane, 10, "t-1", "A");
    served(lane, 20, "t-4", "B");
    expect(red(lane)).toEqual({});
    expect(row(lane, "verifies-per-payment").value).toBe(1);
    expect(row(lane, "replays-accepted")).toMatchObject({ value: 0, note: "of 1 tried", requests: [] });
  });

  test("that has done nothing yet holds every row too", () => {
    expect(verdicts(handMade([]).evidence).map(({ key }) => key)).toEqual(Object.keys(rowTitles));
    expect(red(handMade([]))).toEqual({});
    expect(red(handMade([pay(owner, "A")]))).toEqual({});
  });
});

describe("verify calls per payment", () => {
  test("a second call is red, and names every request of the payment", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "A"), pay(owner, "B")]);
    served(lane, 10, "t-1", "A");
    served(lane, 20, "t-3", "B");
    lane.call("verify", 30, "A", "gateway-2/2");
    expect(row(lane, "verifies-per-payment")).toMatchObject({
      value: 2,
      ok: false,
      requests: ["t-1", "t-2"],
      note: "1 payment had more than one",
    });
  });

  test("calls for a payment that was not planned count too", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.call("verify", 1, "unplanned");
    lane.call("verify", 2, "unplanned");
    expect(red(lane)).toEqual({ "verifies-per-payment": 2 });
  });

  test("a kill -9 of exactly the process that was verifying explains one second call", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.call("verify", 10, "A", "gateway-2/2");
    lane.kill(12, "gateway-2/2");
    served(lane, 5_000, "t-1", "A");
    expect(red(lane)).toEqual({});
    expect(row(lane, "verifies-per-payment").note).toBe("a kill -9 explains 1 second call");
    lane.call("verify", 5_100, "A");
    expect(row(lane, "verifies-per-payment").value).toBe(2);
  });

  test.each<[string, (lane: HandMade) => void]>([
    ["another instance", (lane) => lane.kill(12, "gateway-1/1")],
    ["another process of the same name", (lane) => lane.kill(12, "gateway-2/3")],
    ["a process of that id long before", (lane) => lane.kill(-5_991, "gateway-2/2")],
    ["a process killed long after it asked", (lane) => lane.kill(6_011, "gateway-2/2")],
    [
      "a process that had gone on to serve",
      (lane) => {
        lane.run(11, "t-1", "gateway-2/2");
        lane.kill(12, "gateway-2/2");
      },
    ],
    [
      "a process that had gone on to settle",
      (lane) => {
        lane.call("settle", 11, "A", "gateway-2/2");
        lane.kill(12, "gateway-2/2");
      },
    ],
    [
      "a payment that was through before the kill",
      (lane) => {
        lane.transfer(11, "A");
        lane.kill(12, "gateway-2/2");
      },
    ],
  ])("the kill of %s explains nothing", (_what, given) => {
    const lane = handMade([pay(owner, "A")]);
    lane.call("verify", 10, "A", "gateway-2/2");
    given(lane);
    lane.call("verify", 6_900, "A", "gateway-1/1");
    expect(row(lane, "verifies-per-payment")).toMatchObject({ value: 2, ok: false });
  });

  test("a call that was under way when its process was killed is logged after its death, and explained", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.kill(9, "gateway-2/2");
    lane.call("verify", 10, "A", "gateway-2/2");
    expect(row(lane, "verifies-per-payment").note).toBeUndefined();
    lane.call("verify", 5_000, "A");
    expect(row(lane, "verifies-per-payment")).toMatchObject({ value: 1, note: "a kill -9 explains 1 second call" });
  });

  test("a call that was repeated before the kill is not explained by it", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.call("verify", 10, "A", "gateway-2/2");
    lane.call("verify", 3_000, "A", "gateway-1/1");
    lane.kill(4_000, "gateway-2/2");
    expect(row(lane, "verifies-per-payment").value).toBe(2);
  });

  test("the death of the Redis explains one second call of a payment that no instance could go on with", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.call("verify", 10, "A");
    lane.outage(12, 900);
    served(lane, 1_200, "t-1", "A");
    expect(red(lane)).toEqual({});
    expect(row(lane, "verifies-per-payment").note).toBe("the Redis's own death explains 1 second call");
    lane.call("verify", 1_300, "A");
    expect(row(lane, "verifies-per-payment").value).toBe(2);
  });

  test.each<[string, (lane: HandMade) => void]>([
    ["that came long after", (lane) => lane.outage(6_100, 6_900)],
    ["that was over before", (lane) => lane.outage(-2_000, -1_000)],
    [
      "while the payment was being served",
      (lane) => {
        lane.run(11, "t-1");
        lane.outage(12, 900);
      },
    ],
    [
      "after the second call",
      (lane) => {
        lane.call("verify", 11, "A", "gateway-2/2");
        lane.outage(12, 900);
      },
    ],
  ])("a death of the Redis %s explains nothing", (_when, given) => {
    const lane = handMade([pay(owner, "A")]);
    lane.call("verify", 10, "A");
    given(lane);
    if (lane.calls.length < 2) lane.call("verify", 7_000, "A");
    expect(row(lane, "verifies-per-payment")).toMatchObject({ value: 2, ok: false });
  });

  test("two calls of one process are never explained by its kill", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.call("verify", 10, "A", "gateway-2/2");
    lane.call("verify", 11, "A", "gateway-2/2");
    lane.kill(12, "gateway-2/2");
    expect(row(lane, "verifies-per-payment").value).toBe(2);
  });
});

describe("handler runs per payment", () => {
  test("a second run is red", () => {
    const lane = handMade([pay(owner, "A"), pay(owner, "A")]);
    served(lane, 10, "t-1", "A");
    lane.run(30, "t-2", "gateway-2/2");
    expect(red(lane)).toEqual({ "runs-per-payment": 2 });
    expect(row(lane, "runs-per-payment").requests).toEqual(["t-1", "t-2"]);
  });

  test("a second run on behalf of the same request is red", () => {
    const lane = handMade([pay(owner, "A")]);
    served(lane, 10, "t-1", "A");
    lane.run(30, "t-1", "gateway-2/2");
    expect(red(lane)).toEqual({ "runs-per-payment": 2 });
  });

  test("runs count by what was planned, also where the gateway says that a session paid for them", () => {
    const lane = handMade([pay(owner, "A")]);
    served(lane, 10, "t-1", "A");
    lane.run(30, "t-1", "gateway-2/2", "session");
    expect(red(lane)).toEqual({ "runs-per-payment": 2 });
  });

  test("runs that name no planned request count by what paid for them", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.run(1, "-", "gateway-1/1", "p:key");
    lane.run(2, "-", "gateway-1/1", "p:key");
    expect(row(lane, "runs-per-payment")).toMatchObject({ value: 2, ok: false, requests: ["-"] });
  });

  test("a kill -9 before the settlement explains the run that died, also where another client's request takes it up", () => {
    const lane = handMade([pay(owner, "A"), pay(attacker, "A")]);
    lane.call("verify", 9, "A", "gateway-2/2");
    lane.run(10, "t-1", "gateway-2/2");
    lane.kill(12, "gateway-2/2");
    lane.run(5_000, "t-2");
    lane.call("settle", 5_001, "A");
    lane.transfer(5_002, "A");
    expect(red(lane)).toEqual({});
    expect(row(lane, "runs-per-payment").note).toBe("a kill -9 explains 1 second run");
  });

  test("a kill -9 after the settlement was asked for explains no second run: the answer was kept", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.run(10, "t-1", "gateway-2/2");
    lane.call("settle", 11, "A", "gateway-2/2");
    lane.kill(12, "gateway-2/2");
    lane.run(5_000, "t-1");
    lane.transfer(5_001, "A");
    expect(red(lane)).toEqual({ "runs-per-payment": 2 });
  });

  test("two kills explain a run each, and a third run, of an instance that was not killed, is red", () => {
    const lane = handMade([pay(owner, "A")]);
    lane.run(10, "t-1", "gateway-2/2");
    lane.kill(12, "gateway-2/2");
    lane.run(5_000, "t-1", "gateway-1/1");
    lane.kill(5_001, "gateway-1/1");
    lane.run(9_000, "t-1", "gateway-2/3");
    lane.transfer(9_001, "A");
    expect(red(lane)).toEqual({});
    lane.run(9_500, "t-1", "gateway-1/4");
    expect(red(lane)).toEqual({ "runs-per-payment": 2 });
  });
});

describe("transfers per payment", () => {
  test("a second transfer is red, and settle calls are told", () => {
    const lane = handMade([pay(owner, "A")]);
    served(lane, 10, "t-1", "A");
    lane.call("settle", 20, "A", "gateway-2/2");
    expect(row(lane, "transfers-per-payment")).toMatchObject({ value: 1, ok: true });
    expect(row(lane, "transfers-per-payment").note).toContain("up to 2 settle calls");
    lane.transfer(21, "A");
    expect(red(lane)).toEqual({ "transfers-per-payment": 2 });
    expect(row(lane, "transfers-per-payment").requests).toEqual(["t-1"]);
  });
});
