// Floods of payments that are worth nothing, at a gateway with room for a hundred records: others are served meanwhile.
import { makePayment, paymentHeader, testConfig } from "@tollbooth-stores/sandbox";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { describe, expect, test } from "vitest";
import { testSystem } from "./testing/test-system.ts";

const system = testSystem(
  `trustedProxies: 1\n${testConfig}`
    .replace("unsettled: 1000", "unsettled: 5")
    .replace("inHandPerIp: 1000", "inHandPerIp: 20")
    .replace("stores: { provider: memory }", "stores: { provider: memory, memory: { maxEntries: 100 } }"),
);
const size = 130;
const attacker = { "x-forwarded-for": "203.0.113.66" };
const honest = { "x-forwarded-for": "198.51.100.1" };
const stranger = () => privateKeyToAccount(generatePrivateKey());

type Send = (signal?: AbortSignal) => Promise<Response>;

/** So many payments, signed beforehand, each to be sent from the attacker's address. */
async function flood(value: string, payer: () => PrivateKeyAccount): Promise<Send[]> {
  return Promise.all(
    Array.from({ length: size }, async (): Promise<Send> => {
      const headers = { ...attacker, ...paymentHeader((await makePayment(payer(), { value })).payload) };
      return (signal) => fetch(system.url("/quote"), { headers, ...(signal !== undefined && { signal }) });
    }),
  );
}

/** What an honest payer is told who sends one payment as often as it is told to. */
async function honestPayer(): Promise<{ status: number; times: number }> {
  const headers = { ...honest, ...paymentHeader((await makePayment(await system.payer())).payload) };
  for (let times = 1; ; times += 1) {
    const { status } = await fetch(system.url("/quote"), { headers });
    if (status !== 503 || times === 5) return { status, times };
  }
}

const payers: [string, () => () => PrivateKeyAccount][] = [
  ["each of another payer", () => stranger],
  [
    "all of one payer",
    () => {
      const one = stranger();
      return () => one;
    },
  ],
];

describe.each(payers)("130 payments from one address, %s,", (_whose, payer) => {
  test("of one unit: an honest payer is served at once, and the facilitator hears of none of them", async () => {
    const sends = await flood("1", payer());
    const { verifies } = system.counts();
    const answers = sends.map((send) => send());
    expect(await honestPayer()).toEqual({ status: 200, times: 1 });
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([402]));
    expect(system.counts().verifies).toBe(verifies + 1);
  });

  test("of the right amount, at a facilitator that is slow: an honest payer is served at once", async () => {
    const sends = await flood("10000", payer());
    await system.fault({ on: "verify", delayMs: 1_500 });
    const answers = sends.map((send) => send());
    await expect.poll(() => system.counts().verifies).toBeGreaterThan(0);
    expect(await honestPayer()).toEqual({ status: 200, times: 1 });
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([402, 503]));
    // Those that were let in, a bound for each address and payer.
    expect(statuses.filter((status) => status === 402).length).toBeLessThanOrEqual(20);
  });

  test("of the right amount, at a facilitator that failed: an honest payer is served once it is back", async () => {
    const sends = await flood("10000", payer());
    await system.fault({ on: "verify", fail: "before" });
    const answers = await Promise.all(sends.map((send) => send()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    await system.reset();
    expect(await honestPayer()).toEqual({ status: 200, times: 1 });
  });

  test("whose clients leave at once, at a facilitator that is slow: an honest payer is served at once", async () => {
    const sends = await flood("10000", payer());
    await system.fault({ on: "verify", delayMs: 2_500 });
    const { verifies } = system.counts();
    for (let first = 0; first < size; first += 13) {
      const leaving = AbortSignal.timeout(60);
      await Promise.allSettled(sends.slice(first, first + 13).map((send) => send(leaving)));
    }
    expect(await honestPayer()).toEqual({ status: 200, times: 1 });
    // They go on without their clients, so they keep their places.
    expect(system.counts().verifies - verifies).toBeLessThanOrEqual(41);
  });
});
