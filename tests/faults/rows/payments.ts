// Faults around a payment: the payer goes away, names are forged, the facilitator hangs, waiting callers lose their connections,
// records vanish.
import { setTimeout as sleep } from "node:timers/promises";
import { payloadHash, paymentFingerprint, paymentKey } from "@tollbooth-stores/core";
import type { RunningRedis } from "@tollbooth-stores/redis-testkit";
import { pick } from "../random.ts";
import { isCluster, topologies, type World } from "../worlds/world.ts";
import { inRounds, LEASE_MS, paidOnce, payUntilEnded, stopAt } from "./rounds.ts";
import type { Row } from "./row.ts";

async function primariesOf(world: World): Promise<readonly RunningRedis[]> {
  if (isCluster(world)) return world.cluster.primaries();
  return [await world.somePrimary(() => 0)];
}

export const payments: readonly Row[] = [
  inRounds(
    {
      name: "aborted",
      title: "the payer goes away at any phase, and asks again",
      ...{ faults: [27], on: topologies, rounds: [100, 10] },
    },
    async (round) => {
      const { id, owner, other, random } = round;
      const step = pick(random, ["verify", "settle", "moved", "answer"] as const);
      let aborted = "";
      round.ledger.onReached(id, async (at) => {
        if (at !== step || aborted !== "") return "go";
        aborted = `aborted at ${at}`;
        return "abort";
      });
      const payment = { id, leaseMs: LEASE_MS };
      const first = await owner.jobs.pay({ ...payment, stops: [step] });
      round.findings.same(first, { status: "error" }, `${id} ${aborted}`);
      paidOnce(round, await payUntilEnded(pick(random, [owner, other]), payment));
      return aborted;
    },
  ),
  inRounds(
    {
      name: "forged-payer",
      title: "a forged payer, before and after the payment",
      ...{ faults: [18], on: ["single"], rounds: [20, 2] },
    },
    async (round) => {
      const { id, owner, other, findings, ledger } = round;
      let verified = 0;
      ledger.onReached(id, async () => {
        verified += 1;
        return "go";
      });
      const payment = { id, leaseMs: LEASE_MS, stops: ["verify"] } as const;
      const forged = { ...payment, payload: `${id} with a forged signature`, forged: true };
      const before = await Promise.all([other.jobs.pay(forged), owner.jobs.pay(forged), other.jobs.pay(forged)]);
      findings.check(
        before.every(({ status }) => status !== "fresh" && status !== "kept"),
        `${id}: ${JSON.stringify(before)}`,
      );
      findings.check(verified === 1, `${id}: a forged payload was verified ${verified} times`);
      findings.check(ledger.transfers(id) === 0, `${id}: charged to the victim`);
      paidOnce(round, await payUntilEnded(owner, payment));
      const after = verified;
      findings.same(await other.jobs.pay(forged), { status: "conflict" }, `${id} forged afterwards`);
      findings.check(verified === after, `${id}: a forged payload was verified again`);
      paidOnce(round, await payUntilEnded(other, payment));
      return "forged payloads refused";
    },
  ),
  inRounds(
    {
      name: "nonce-reused",
      title: "one nonce on another route, re-encoded, or with a malleated signature",
      ...{ faults: [19], on: ["single"], rounds: [20, 2] },
    },
    async (round) => {
      const { owner, other, findings, ledger, id } = round;
      const names = namesOf(id);
      const payment = { id: names.id, payload: names.payload, fingerprint: names.fingerprint, leaseMs: LEASE_MS };
      findings.same(await payUntilEnded(owner, payment), { status: "fresh" }, `${id} paid`);
      const replays = {
        "on another route": { ...payment, fingerprint: names.elsewhere },
        malleated: { ...payment, payload: names.malleated },
      };
      for (const [how, replay] of Object.entries(replays)) {
        findings.same(await other.jobs.pay(replay), { status: "conflict" }, `${id} ${how}`);
      }
      findings.check(names.reencoded === names.id, `${id}: re-encoded, it is another payment`);
      findings.check(ledger.transfers(names.id) === 1, `${id}: moved ${ledger.transfers(names.id)} times`);
      return "replays refused";
    },
  ),
  inRounds(
    {
      name: "facilitator-hangs",
      title: "the facilitator hangs beyond the lease, then succeeds",
      ...{ faults: [20], on: ["single", "cluster"], rounds: [2, 1] },
    },
    async (round) => {
      const { id, owner, other, findings, ledger } = round;
      const hangsMs = 4 * LEASE_MS;
      ledger.slow(id, hangsMs);
      const startedAtMs = Date.now();
      const payment = { id, leaseMs: LEASE_MS };
      const answers = await Promise.all([payUntilEnded(owner, payment), payUntilEnded(other, payment)]);
      findings.check(Date.now() - startedAtMs >= hangsMs, `${id}: it did not hang`);
      for (const ended of answers) paidOnce(round, ended);
      return `settled after ${hangsMs} ms`;
    },
  ),
  inRounds(
    {
      name: "waiters-cut",
      title: "every connection is killed while a caller waits",
      ...{ faults: [21], on: topologies, rounds: [3, 1] },
    },
    async (round) => {
      const { id, owner, other, findings, world } = round;
      const stop = stopAt(round, id, "verify");
      const verifying = owner.jobs.verify(id, 10_000);
      await stop.reached;
      const waiting = other.jobs.verify(id, 10_000);
      await sleep(150);
      let killed = 0;
      for (const server of world.servers()) killed += Number(await server.command("CLIENT", "KILL", "TYPE", "normal"));
      stop.go();
      const doneAtMs = Date.now();
      findings.same(await verifying, { ok: true, ran: true }, `${id} verified`);
      findings.same(await waiting, { ok: true, ran: false }, `${id} waited for`);
      findings.check(Date.now() - doneAtMs < 1_500, `${id}: the waiting caller took ${Date.now() - doneAtMs} ms`);
      return killed > 0 ? `${killed} connections killed` : "";
    },
  ),
  inRounds(
    {
      name: "flushed",
      title: "FLUSHALL in mid-settle",
      ...{ faults: [22], on: ["single", "cluster"], rounds: [5, 2] },
    },
    async (round) => {
      const { id, owner, other, world } = round;
      const step = pick(round.random, ["settle", "moved"] as const);
      const stop = stopAt(round, id, step);
      const payment = { id, leaseMs: LEASE_MS, ledgerMovesOnce: true };
      const paying = owner.jobs.pay({ ...payment, stops: [step] });
      await stop.reached;
      for (const server of await primariesOf(world)) await server.command("FLUSHALL");
      stop.go();
      await paying;
      paidOnce(round, await payUntilEnded(other, payment));
      return `flushed at ${step}`;
    },
  ),
];

/** One authorization in two spellings, two routes, and a signature that was turned into another valid one. */
function namesOf(id: string) {
  const address = (byte: string) => `0x${byte.repeat(20)}`;
  const nonce = Buffer.from(id).toString("hex").padStart(64, "0").slice(-64);
  const signed = { contract: address("a1"), payer: address("b2"), nonce: `0x${nonce}` } as const;
  const asShouted = {
    contract: `0x${"A1".repeat(20)}`,
    payer: `0x${"B2".repeat(20)}`,
    nonce: `0x${nonce.toUpperCase()}`,
  };
  const bought = {
    payTo: address("c3"),
    asset: address("a1"),
    amount: "10",
    method: "GET",
    origin: "https://api.example",
  };
  const signature = "f".repeat(64);
  return {
    id: paymentKey({ scheme: "eip3009", network: 8453, ...signed }),
    reencoded: paymentKey({ scheme: "eip3009", network: "eip155:8453", ...asShouted }),
    fingerprint: paymentFingerprint({ ...bought, path: "/data" }),
    elsewhere: paymentFingerprint({ ...bought, path: "/other" }),
    payload: payloadHash(`${nonce} ${signature} 1b`),
    malleated: payloadHash(`${nonce} ${signature} 1c`),
  };
}
