// Uses of a paid session that never ran: which of them count as lost.
import { describe, expect, test } from "vitest";
import { type HandMade, handMade } from "./hand-made-lane.test-support.ts";
import { sessionsLost } from "./sessions-lost.ts";
import type { TraceEvent } from "./trace.ts";

const client = "192.0.2.1";

/** A session that was bought and paid for, and `uses` of it; none of them has run. t-1 is the purchase. */
function bought(uses: number, route = "/stream", more: readonly TraceEvent[] = []): HandMade {
  const lane = handMade([
    { at: 0, client, action: "buy", session: "S", payment: "A", route },
    ...Array.from(
      { length: uses },
      (_, index): TraceEvent => ({ at: 100 + index, client, action: "use", session: "S" }),
    ),
    ...more,
  ]);
  lane.call("settle", 9, "A");
  lane.transfer(10, "A");
  return lane;
}

/** The same with limits that refuse no request. */
function unlimited(lane: HandMade): HandMade {
  const generous = { limit: 100, window: 3_600_000 };
  const routes = new Map([...lane.evidence.rules.routes].map(([path, one]) => [path, { ...one, perPayer: generous }]));
  return { ...lane, evidence: { ...lane.evidence, rules: { ...lane.evidence.rules, perIp: generous, routes } } };
}

const change = (lane: HandMade, id: string, to: object) => Object.assign(lane.sent.get(id) ?? {}, to);

describe("uses of a paid session", () => {
  test("that all ran are right", () => {
    const lane = bought(2);
    lane.run(100, "t-2");
    lane.run(101, "t-3");
    expect(sessionsLost(lane.evidence)).toMatchObject({ value: 0, ok: true, note: "of 2" });
  });

  test("that never ran are red and named, whatever was answered", () => {
    const lane = bought(2);
    lane.run(100, "t-2");
    expect(sessionsLost(lane.evidence)).toMatchObject({ value: 1, ok: false, requests: ["t-3"] });
  });

  test("that still wait for their answer are not judged yet", () => {
    const lane = bought(1);
    change(lane, "t-2", { finished: false, status: undefined });
    expect(sessionsLost(lane.evidence)).toMatchObject({ value: 0, note: "of 0" });
  });

  test("that was never paid for are no loss", () => {
    const lane = bought(1);
    lane.transfers.pop();
    expect(sessionsLost(lane.evidence)).toMatchObject({ value: 0, note: "of 0" });
  });

  test("sent when it was about to be over, or later, are not judged; just before they are", () => {
    const lane = bought(2);
    const closes = (lane.transfers[0]?.at ?? 0) + 60_000;
    change(lane, "t-2", { lastAt: closes - 2_000 });
    change(lane, "t-3", { lastAt: closes - 2_001 });
    expect(sessionsLost(lane.evidence)).toMatchObject({ value: 1, requests: ["t-3"], note: "of 1" });
  });

  test("by an address or a payer over the limit are not judged, repeated requests included", () => {
    const ask: TraceEvent = { at: 500, client, action: "ask" };
    expect(sessionsLost(bought(2, "/stream", [ask]).evidence).value).toBe(2);
    expect(sessionsLost(bought(2, "/stream", [ask, ask]).evidence)).toMatchObject({ value: 0, note: "of 0" });
    // Three of the payer on this route are right, the purchase among them.
    expect(sessionsLost(bought(3).evidence)).toMatchObject({ value: 0, note: "of 0" });
    const repeated = bought(2);
    change(repeated, "t-1", { times: 2 });
    expect(sessionsLost(repeated.evidence).value).toBe(0);
  });
});

describe("one payment presented for two sessions", () => {
  const twice = (): HandMade =>
    unlimited(
      bought(1, "/stream", [
        { at: 1, client: "192.0.2.66", action: "buy", session: "T", payment: "A" },
        { at: 500, client: "192.0.2.66", action: "use", session: "T" },
      ]),
    );

  test("buys one of them: a client that is refused the other has lost nothing", () => {
    const lane = twice();
    change(lane, "t-3", { status: 409 });
    change(lane, "t-4", { times: 0, status: undefined, problem: "no-session" });
    lane.run(100, "t-2");
    expect(sessionsLost(lane.evidence)).toMatchObject({ value: 0, note: "of 1" });
    const copied = twice();
    change(copied, "t-2", { times: 0, status: undefined, problem: "no-session" });
    copied.run(500, "t-4");
    expect(sessionsLost(copied.evidence)).toMatchObject({ value: 0, note: "of 1" });
  });

  test("is lost where neither was of use", () => {
    expect(sessionsLost(twice().evidence)).toMatchObject({ value: 1, requests: ["t-2"] });
  });
});

describe("counted calls", () => {
  function calls(uses: number): HandMade {
    return unlimited(bought(uses, "/search"));
  }

  test("beyond those that were bought need not run", () => {
    const lane = calls(5);
    for (const id of ["t-2", "t-3", "t-4"]) lane.run(100, id);
    expect(sessionsLost(lane.evidence).value).toBe(0);
    lane.runs.pop();
    expect(sessionsLost(lane.evidence).value).toBe(1);
  });

  test("may be taken once more by a repeated request, and no more than that", () => {
    const lane = calls(3);
    change(lane, "t-2", { times: 2 });
    lane.run(100, "t-2");
    lane.run(100, "t-3");
    expect(sessionsLost(lane.evidence).value).toBe(0);
    lane.runs.pop();
    expect(sessionsLost(lane.evidence).value).toBe(1);
  });
});

describe("a token that never came", () => {
  function untold(): HandMade {
    const lane = bought(2);
    for (const id of ["t-2", "t-3"]) change(lane, id, { times: 0, status: undefined, problem: "no-session" });
    return lane;
  }

  test("loses every use", () => {
    expect(sessionsLost(untold().evidence)).toMatchObject({ value: 2, requests: ["t-2", "t-3"] });
  });

  test("is explained by the kill -9 of the process that had just settled", () => {
    const lane = untold();
    lane.kill(12, "gateway-1/1");
    expect(sessionsLost(lane.evidence)).toMatchObject({ value: 0 });
    expect(sessionsLost(lane.evidence).note).toContain("a kill -9 explains 1 token(s)");
  });

  test.each([
    ["another process", 12, "gateway-1/2"],
    ["it long after", 6_011, "gateway-1/1"],
    ["it long before", -5_991, "gateway-1/1"],
  ])("is not explained by the kill of %s", (_what, at, instance) => {
    const lane = untold();
    lane.kill(at, instance);
    expect(sessionsLost(lane.evidence).value).toBe(2);
  });

  test("is not explained where the token did come, and was used", () => {
    const lane = bought(2);
    lane.kill(12, "gateway-1/1");
    lane.run(100, "t-2");
    expect(sessionsLost(lane.evidence)).toMatchObject({ value: 1, requests: ["t-3"] });
  });
});
