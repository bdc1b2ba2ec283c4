// Runs beyond a limit: by address, by payer, and beyond the calls that were bought.
import { describe, expect, test } from "vitest";
import { handMade, rules } from "./hand-made-lane.test-support.ts";
import { countedAddress, overLimit } from "./over-limit.ts";
import type { TraceEvent } from "./trace.ts";

const { limit, window } = rules.perIp;
const payer = (index: number) => `payer ${index}`;
/** Requests of one client with a payer each, so that only the address counts. */
const fromOne = (count: number, client = "192.0.2.1"): TraceEvent[] =>
  Array.from({ length: count }, (_, index) => ({ at: index, client, action: "pay", payer: payer(index) }));

describe("the limit by address", () => {
  test("as many runs as it allows are right; those beyond are red and named", () => {
    const lane = handMade(fromOne(limit + 2));
    for (let line = 1; line <= limit; line += 1) lane.run(line, `t-${line}`);
    expect(overLimit(lane.evidence)).toMatchObject({ value: 0, ok: true });
    lane.run(limit + 1, `t-${limit + 1}`, "gateway-2/2");
    lane.run(limit + 2, `t-${limit + 2}`, "gateway-2/2");
    expect(overLimit(lane.evidence)).toMatchObject({
      value: 2,
      ok: false,
      requests: ["t-5", "t-6"],
      note: "2 by address",
    });
  });

  test("counts by the address that the edge saw, whatever else is written in front of it", () => {
    const events = fromOne(limit + 1).map((event, index) => ({ ...event, forwardedFor: `203.0.113.${index}` }));
    const lane = handMade(events);
    for (let line = 1; line <= limit + 1; line += 1) lane.run(line, `t-${line}`);
    expect(overLimit(lane.evidence).value).toBe(1);
  });

  test("takes the addresses of one IPv6 network for one client, as the gateway does", () => {
    expect(countedAddress("2001:db8::1")).toBe(countedAddress("2001:db8::2"));
    const lane = handMade(fromOne(limit + 1).map((event, index) => ({ ...event, client: `2001:db8::${index + 1}` })));
    for (let line = 1; line <= limit + 1; line += 1) lane.run(line, `t-${line}`);
    expect(overLimit(lane.evidence).value).toBe(1);
  });

  test("allows another limit's worth once a window has passed since the start, and no more", () => {
    const lane = handMade(fromOne(2 * limit + 1));
    for (let line = 1; line <= limit; line += 1) lane.run(line, `t-${line}`);
    for (let line = limit + 1; line <= 2 * limit; line += 1) lane.run(window, `t-${line}`);
    expect(overLimit(lane.evidence).value).toBe(0);
    lane.run(2 * window - 1, `t-${2 * limit + 1}`);
    expect(overLimit(lane.evidence)).toMatchObject({ value: 1, requests: ["t-9"] });
  });

  test("another client's runs are another's", () => {
    const lane = handMade([
      ...fromOne(limit),
      ...fromOne(limit, "192.0.2.2").map((event) => ({ ...event, payer: "b" })),
    ]);
    for (const { id } of lane.evidence.plan.requests.values()) lane.run(1, id);
    expect(overLimit(lane.evidence).note).toBe("1 by payer");
  });
});

describe("the limit by payer", () => {
  const everywhere = (count: number, route?: string): TraceEvent[] =>
    Array.from({ length: count }, (_, index) => ({
      at: index,
      client: `192.0.2.${index + 1}`,
      action: "pay",
      payer: "one",
      ...(route !== undefined && { route }),
    }));

  test("counts payments from all addresses together, for each route", () => {
    const lane = handMade([...everywhere(3), ...everywhere(3, "/report")]);
    for (const { id } of lane.evidence.plan.requests.values()) lane.run(1, id);
    expect(overLimit(lane.evidence).value).toBe(0);
    const more = handMade(everywhere(5));
    for (let line = 1; line <= 5; line += 1) more.run(line, `t-${line}`);
    expect(overLimit(more.evidence)).toMatchObject({ value: 2, requests: ["t-4", "t-5"], note: "2 by payer" });
  });

  test("a payment that ran twice took one allowance", () => {
    const lane = handMade(everywhere(3));
    for (let line = 1; line <= 3; line += 1) lane.run(line, `t-${line}`);
    lane.run(9, "t-1", "gateway-2/2");
    expect(overLimit(lane.evidence).value).toBe(0);
  });

  test("whatever the gateway says that runs were paid by, they are different payments", () => {
    const lane = handMade(everywhere(4));
    for (let line = 1; line <= 4; line += 1) lane.run(line, `t-${line}`, "gateway-1/1", "-");
    expect(overLimit(lane.evidence)).toMatchObject({ value: 1, requests: ["t-4"] });
  });

  test("a use that ran again took another allowance", () => {
    const lane = handMade([
      { at: 0, client: "192.0.2.1", action: "buy", session: "S" },
      { at: 1, client: "192.0.2.1", action: "use", session: "S" },
    ]);
    for (let times = 1; times <= 4; times += 1) lane.run(times, "t-2");
    expect(overLimit(lane.evidence)).toMatchObject({ value: 1, requests: ["t-2"], note: "1 by payer" });
  });

  test("uses of a session count against who paid for it", () => {
    const uses = Array.from(
      { length: 4 },
      (_, index): TraceEvent => ({
        at: 1 + index,
        client: `192.0.2.${index + 1}`,
        action: "use",
        session: "S",
      }),
    );
    const lane = handMade([{ at: 0, client: "192.0.2.1", action: "buy", session: "S" }, ...uses]);
    for (let line = 2; line <= 5; line += 1) lane.run(line, `t-${line}`);
    expect(overLimit(lane.evidence)).toMatchObject({ value: 1, requests: ["t-5"] });
  });
});

test("a run for no request of ours is over every limit", () => {
  const lane = handMade(fromOne(1));
  lane.run(1, "t-1");
  lane.run(2, "-");
  expect(overLimit(lane.evidence)).toMatchObject({ value: 1, requests: ["-"], note: "1 for no request of ours" });
});

test("calls beyond those that were bought are over the limit", () => {
  const uses = Array.from(
    { length: 4 },
    (): TraceEvent => ({ at: 1, client: "192.0.2.1", action: "use", session: "S" }),
  );
  const lane = handMade([{ at: 0, client: "192.0.2.1", action: "buy", session: "S", route: "/search" }, ...uses]);
  const { routes } = lane.evidence.rules;
  const generous = [...routes].map(([path, one]) => [path, { ...one, perPayer: { limit: 100, window } }] as const);
  const evidence = { ...lane.evidence, rules: { ...lane.evidence.rules, routes: new Map(generous) } };
  for (let line = 2; line <= 4; line += 1) lane.run(line, `t-${line}`);
  expect(overLimit(evidence).value).toBe(0);
  lane.run(5, "t-5");
  expect(overLimit(evidence)).toMatchObject({ value: 1, requests: ["t-5"], note: "1 beyond the calls bought" });
});
