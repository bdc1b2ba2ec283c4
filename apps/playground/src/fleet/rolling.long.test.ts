// Instances rolled one by one, and killed outright: real gateways on a real Redis under traffic, judged by the logs of others.

import { startRedis } from "@tollbooth-stores/redis-testkit";
import { buyer, testConfig } from "@tollbooth-stores/sandbox";
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { onRedis, testSystem } from "../testing/test-system.ts";
import { ask, askUntilAnswered, type Bought, signedPayments, startTraffic } from "../testing/traffic.ts";

const redis = await startRedis({ appendFsync: "always" });
afterAll(() => redis.stop());

const system = testSystem(`paymentLease: 2s\n${onRedis(testConfig, redis.url)}`, { instances: 3 });
const { running, url } = system;
const patience = { timeout: 30_000, interval: 10 };

/** All are up, and nothing is counted as in flight that is over. */
beforeEach(async () => {
  const ready = { state: "ready", inFlight: 0 };
  await vi.waitFor(() => expect(running().instances.list()).toMatchObject([ready, ready, ready]), patience);
});

/** How often the log's lines have each value of `field`. */
function tally(lines: Record<string, unknown>[], field: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(String(line[field]), (counts.get(String(line[field])) ?? 0) + 1);
  return counts;
}

/** Of each payment, how often the upstream ran for it and how often it was transferred. */
function worked(bought: readonly { nonce: string }[]): { runs: number; transfers: number }[] {
  const runs = tally(system.logged("upstream", "run"), "request");
  const transfers = tally(system.logged("ledger", "transfer"), "nonce");
  return bought.map(({ nonce }) => ({ runs: runs.get(nonce) ?? 0, transfers: transfers.get(nonce) ?? 0 }));
}

const notJustOnce = (bought: readonly { nonce: string }[]) =>
  worked(bought).filter(({ runs, transfers }) => runs !== 1 || transfers !== 1);
const answersOf = (bought: readonly Bought[]) => bought.flatMap(({ answers }) => answers);
const pids = () =>
  running()
    .instances.list()
    .map(({ pid }) => pid);

/** Every instance that had something served so far, as "name/pid". */
const ran = () => [...tally(system.logged("upstream", "run"), "instance").keys()];

/** Waits until every instance of now has. */
async function everyoneServes(): Promise<void> {
  const now = running()
    .instances.list()
    .map(({ name, pid }) => `${name}/${pid}`);
  await vi.waitFor(() => expect(ran()).toEqual(expect.arrayContaining(now)), { ...patience, interval: 50 });
}

describe("a deployment under traffic", () => {
  test("a whole roll and scaling 2, 6, 2: no request sees it, every payment is served and transferred once", async () => {
    const { instances } = running();
    const before = pids();
    await system.upstream({ delayMs: 30 });
    const session = await buyer(await system.payer()).pay(url("/stream"));
    const { session: token } = Object(await session.json());
    const traffic = await Promise.all([
      startTraffic(system, "/quote", 3),
      startTraffic(system, "/order", 2, { method: "POST", body: "an order" }),
    ]);
    const used: number[] = [];
    let using = true;
    onTestFinished(() => {
      using = false;
    });
    const usingSession = (async () => {
      while (using) used.push((await ask(url("/stream"), { headers: { authorization: `Bearer ${token}` } })).status);
    })();

    await everyoneServes();
    await instances.roll();
    expect(pids().filter((pid) => before.includes(pid))).toEqual([]);
    await everyoneServes();
    await instances.scaleTo(2);
    await instances.scaleTo(6);
    await everyoneServes();
    await instances.scaleTo(2);
    using = false;
    await usingSession;
    const bought = (await Promise.all(traffic.map((one) => one.stop()))).flat();
    await instances.scaleTo(3);

    expect(answersOf(bought).filter(({ status }) => status !== 200)).toEqual([]);
    expect(used.filter((status) => status !== 200)).toEqual([]);
    expect(bought.length).toBeGreaterThan(50);
    expect(used.length).toBeGreaterThan(10);
    expect(notJustOnce(bought)).toEqual([]);
    // Three before the roll, three after it, four more.
    expect(ran().length).toBe(10);
  });

  test("SIGTERM to an instance from outside: at most a 503 that the same payment mends; once served, once transferred", async () => {
    await system.upstream({ delayMs: 30 });
    const traffic = await startTraffic(system, "/quote", 6);
    for (const { name } of running().instances.list()) {
      const pidOf = () =>
        running()
          .instances.list()
          .find((one) => one.name === name)?.pid;
      const pid = pidOf() ?? 0;
      process.kill(pid, "SIGTERM");
      await vi.waitFor(() => {
        expect(
          running()
            .instances.list()
            .find((one) => one.name === name),
        ).toMatchObject({ state: "ready" });
        expect(pidOf()).not.toBe(pid);
      }, patience);
    }
    const bought = await traffic.stop();
    const other = answersOf(bought).filter(({ status }) => status !== 200);
    expect(other.filter(({ status, retryAfter }) => status !== 503 || retryAfter !== "1")).toEqual([]);
    expect(bought.filter(({ answers }) => answers.at(-1)?.status !== 200)).toEqual([]);
    expect(bought.length).toBeGreaterThan(50);
    expect(notJustOnce(bought)).toEqual([]);
  });

  test("SIGTERM finishes what is in flight on that instance", async () => {
    const { instances } = running();
    const client = buyer(await system.payer());
    const payments = await signedPayments(client, url("/quote"), 9);
    await system.upstream({ delayMs: 700 });
    const before = system.counts();
    const answers = Promise.all(payments.map(({ headers }) => ask(url("/quote"), { headers })));
    await vi.waitFor(() => expect(system.counts().runs).toBe(before.runs + 9), patience);
    process.kill(pids()[0] ?? 0, "SIGTERM");
    await instances.restart("gateway-2");
    expect((await answers).map(({ status }) => status)).toEqual(Array(9).fill(200));
    expect(notJustOnce(payments)).toEqual([]);
  });
});

describe("kill -9 under load", () => {
  test("503 at once for what was on it, and the payment sent again is served; it comes back by itself", async () => {
    const { instances } = running();
    const client = buyer(await system.payer());
    const payments = await signedPayments(client, url("/quote"), 9);
    await system.upstream({ delayMs: 1_500 });
    const before = system.counts();
    const sent = payments.map((one) => ({ ...one, first: ask(url("/quote"), { headers: one.headers }) }));
    await vi.waitFor(() => expect(system.counts().runs).toBe(before.runs + 9), patience);
    const killed = instances.kill("gateway-2");
    const killedAt = performance.now();
    const lost = { status: 503, error: "instance_lost", retryAfter: "1", instance: undefined };
    const lostOnes = await Promise.all(
      sent.map(async (one) => ({ ...one, answer: await one.first, answeredMs: performance.now() - killedAt })),
    ).then((all) => all.filter(({ answer }) => answer.status !== 200));
    expect(lostOnes.map(({ answer }) => answer)).toEqual([lost, lost, lost]);
    // Long before the upstream would have answered.
    for (const { answeredMs } of lostOnes) expect(answeredMs).toBeLessThan(1_000);
    await vi.waitFor(() => expect(instances.list()[1]).toMatchObject({ name: "gateway-2", state: "ready" }), patience);
    expect(pids()).not.toContain(killed);

    // Taken over once the lease of the process that was killed is over.
    await system.upstream({ delayMs: 0 });
    const again = await Promise.all(lostOnes.map(({ headers }) => askUntilAnswered(url("/quote"), { headers })));
    expect(again.map((answers) => answers.at(-1)?.status)).toEqual([200, 200, 200]);
    const third = await Promise.all(sent.map(({ headers }) => ask(url("/quote"), { headers })));
    expect(third.map(({ status }) => status)).toEqual(Array(9).fill(409));
    expect(worked(sent).map(({ transfers }) => transfers)).toEqual(Array(9).fill(1));
    // The first run of those three reached no client; its result was lost with its instance.
    expect(worked(sent).filter(({ runs }) => runs === 2)).toHaveLength(3);
    expect(worked(sent).filter(({ runs }) => runs === 1)).toHaveLength(6);
  });

  test("with all instances gone: 503 no_instance, and back without help", async () => {
    const { instances } = running();
    const [payment] = await signedPayments(buyer(await system.payer()), url("/quote"), 1);
    const init = { headers: payment?.headers ?? {} };
    for (const { name } of instances.list()) instances.kill(name);
    await vi.waitFor(
      () => expect(instances.list().map(({ state }) => state)).toEqual(["down", "down", "down"]),
      patience,
    );
    expect(await ask(url("/quote"), init)).toMatchObject({ status: 503, error: "no_instance", retryAfter: "1" });
    const answers = await askUntilAnswered(url("/quote"), init);
    expect(answers.at(-1)?.status).toBe(200);
    expect(system.logged("ledger", "transfer").filter(({ nonce }) => nonce === payment?.nonce)).toHaveLength(1);
  });
});
