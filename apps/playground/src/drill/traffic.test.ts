// The generated traffic: the same for the same seed, of the size asked for, and with every kind of trouble in it.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { countedAddress } from "./over-limit.ts";
import { planOf } from "./plan.ts";
import { sendsOf } from "./sends.ts";
import type { DrillRequest } from "./trace.ts";
import { leastRequests, traffic } from "./traffic.ts";

const digest = (requests: readonly DrillRequest[]) =>
  createHash("sha256").update(JSON.stringify(requests)).digest("hex").slice(0, 16);

/** As in drill/*.yaml. */
const perIp = 30;
const perPayer = 20;

describe("the traffic of a seed", () => {
  test("is the same on every machine", () => {
    expect(digest(traffic())).toBe("2e0bf0de2b304dfb");
    expect(digest(traffic({ seed: 1, requests: 600 }))).toBe(digest(traffic()));
    expect(digest(traffic({ seed: 2 }))).not.toBe(digest(traffic()));
  });

  test("comes in the order of its time, with ids of its own", () => {
    const requests = traffic({ seed: 5 });
    const instants = requests.map(({ at }) => at);
    expect(instants).toEqual([...instants].sort((a, b) => a - b));
    expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length);
    expect(requests[0]?.id).toMatch(/^seed5-\d+$/);
  });
});

describe.each([leastRequests, 600, 3_000])("traffic of %i requests", (count) => {
  const requests = traffic({ requests: count });
  const plan = planOf(requests);
  const sends = sendsOf({ plan, sent: new Map() });
  const presented = [...plan.payments.values()];

  test("has as many", () => {
    expect(requests.length).toBe(count);
  });

  test("has clients and payers over their limits, by more than one instance alone would let through", () => {
    const addresses = [...new Set(requests.map(({ client }) => client))].filter(
      (client) => sends.byAddress(client) > perIp,
    );
    expect(addresses.length).toBeGreaterThanOrEqual(3);
    for (const address of addresses) expect(sends.byAddress(address)).toBeGreaterThan(perIp * 1.5);
    expect(sends.byPayer("everywhere", "/quote")).toBeGreaterThan(perPayer * 1.5);
  });

  test("has one client that has another address in every request", () => {
    const rotating = requests.filter(({ forwardedFor }) => forwardedFor !== undefined);
    expect(new Set(rotating.map(({ client }) => client)).size).toBe(1);
    expect(new Set(rotating.map(({ forwardedFor }) => forwardedFor)).size).toBeGreaterThan(perIp);
    expect(new Set(rotating.map(({ userAgent }) => userAgent)).size).toBeGreaterThan(1);
  });

  test("has duplicates in one moment, later retries, and replays: in the same moment, later, and elsewhere", () => {
    const atOnce = presented.filter(([first, ...more]) =>
      more.some(({ at, client }) => at === first?.at && client === first.client),
    );
    expect(atOnce.length).toBeGreaterThanOrEqual(5);
    const later = presented.filter(([first, ...more]) =>
      more.some(({ at, client }) => at > (first?.at ?? 0) && client === first?.client),
    );
    expect(later.length).toBeGreaterThanOrEqual(5);
    const replays = presented.flatMap(([first, ...more]) =>
      more
        .filter((one) => plan.isReplay(one))
        .map((one) => ({ after: one.at - (first?.at ?? 0), moved: one.route !== first?.route })),
    );
    for (const moved of [false, true]) {
      expect(replays.some(({ after, moved: is }) => is === moved && after <= 3)).toBe(true);
      expect(replays.some(({ after, moved: is }) => is === moved && after >= 1_000)).toBe(true);
    }
  });

  test("has clients that hang up while their payment is settled, each with a payment of its own", () => {
    const leaving = presented.filter(([first]) => first?.action === "pay" && first.hangUp === true);
    expect(leaving.length).toBeGreaterThanOrEqual(7);
    for (const one of leaving) expect(one).toHaveLength(1);
  });

  test("uses its sessions within their limits, to the end of the traffic", () => {
    expect(plan.sessions.size).toBeGreaterThanOrEqual(7);
    const end = requests.at(-1)?.at ?? 0;
    for (const { buy, uses } of plan.sessions.values()) {
      expect(uses.length).toBeGreaterThanOrEqual(6);
      // Room for requests that must be sent again.
      expect(sends.byAddress(countedAddress(buy.client))).toBeLessThan(perIp / 2);
      expect(sends.byPayer(buy.payer, buy.route)).toBeLessThan(perPayer / 2);
      expect(buy.at).toBeLessThan(end / 7);
      expect(uses.at(-1)?.at).toBeGreaterThan(end / 2);
    }
  });

  test("keeps every other client below every limit", () => {
    const modest = requests.filter(({ client }) => /^10\.(?:[4-689]|1[0123])\./.test(client));
    expect(modest.length).toBeGreaterThan(count / 5);
    for (const request of modest) {
      expect(sends.byAddress(request.client)).toBeLessThan(perIp);
      const payer = plan.payerOf(request);
      if (payer !== undefined) expect(sends.byPayer(payer, request.route)).toBeLessThan(perPayer);
    }
  });
});

describe("light traffic", () => {
  const requests = traffic({ light: true });
  const plan = planOf(requests);
  const sends = sendsOf({ plan, sent: new Map() });

  test("is less, and breaks the same: limits by address and by payer, sessions, duplicates, replays", () => {
    expect(requests.length).toBeGreaterThan(150);
    expect(requests.length).toBeLessThan(leastRequests);
    expect(requests.some(({ client }) => sends.byAddress(client) > perIp * 1.5)).toBe(true);
    expect(sends.byPayer("everywhere", "/quote")).toBeGreaterThan(perPayer * 1.5);
    expect(plan.sessions.size).toBeGreaterThanOrEqual(7);
    expect([...plan.payments.values()].flat().some((request) => plan.isReplay(request))).toBe(true);
  });
});
