// Faults of the process that owns a payment: killed or stopped at each phase, or never alone.
import { setTimeout as sleep } from "node:timers/promises";
import type { Step } from "../contract.ts";
import { inRounds, LEASE_MS, paidOnce, payUntilEnded, type Round, stopAt } from "./rounds.ts";
import type { Row } from "./row.ts";

const on = ["single", "cluster"] as const;
const rounds = [2, 1] as const;

/** Kills a new process of the owner's client when its payment reaches a step. */
async function killAt(round: Round, step: Step, ledgerMovesOnce = false): Promise<string> {
  const { id, owner } = round;
  const victim = await round.start(owner.client);
  const stop = stopAt(round, id, step);
  const paying = victim.jobs.pay({ id, leaseMs: LEASE_MS, stops: [step], ledgerMovesOnce }).catch(() => undefined);
  await stop.reached;
  await victim.kill();
  await paying;
  return `${await victim.ended} at ${step}`;
}

/** Stops it there until its lease is long over, while the other instance takes the same payment. */
async function freezeAt(round: Round, step: Step, ledgerMovesOnce = false): Promise<string> {
  const { id, owner, other } = round;
  const victim = await round.start(owner.client);
  const stop = stopAt(round, id, step);
  const payment = { id, leaseMs: LEASE_MS, ledgerMovesOnce };
  const paying = victim.jobs.pay({ ...payment, stops: [step] });
  await stop.reached;
  await victim.freeze();
  stop.go();
  const elsewhere = await Promise.race([payUntilEnded(other, payment), sleep(3 * LEASE_MS)]);
  await sleep(2 * LEASE_MS);
  victim.thaw();
  await paying;
  if (elsewhere !== undefined) paidOnce(round, elsewhere);
  return `stopped at ${step} for more than ${2 * LEASE_MS} ms`;
}

export const owners: readonly Row[] = [
  inRounds(
    { name: "killed-in-verify", title: "kill -9 of the owner during verify", ...{ faults: [1], on, rounds } },
    async (round) => {
      const { id, owner, other, findings, ledger } = round;
      const victim = await round.start(owner.client);
      const stop = stopAt(round, id, "verify");
      const verifying = victim.jobs.verify(id, LEASE_MS).catch(() => undefined);
      await stop.reached;
      let verified = 0;
      ledger.onReached(id, async () => {
        verified += 1;
        return "go";
      });
      const [taken, waited] = [other.jobs.verify(id, LEASE_MS), owner.jobs.verify(id, LEASE_MS)];
      await victim.kill();
      await verifying;
      const all = [await taken, await waited];
      findings.check(
        all.every((one) => "ok" in one && one.ok),
        `${id}: ${JSON.stringify(all)}`,
      );
      findings.check(verified === 1, `${id}: verified ${verified} times after the kill`);
      return await victim.ended;
    },
  ),
  inRounds(
    {
      name: "killed-before-settle",
      title: "kill -9 before settle, on a ledger that takes it once",
      ...{ faults: [2, 27], on, rounds },
    },
    async (round) => {
      const proof = await killAt(round, "settle", true);
      const { id, other, owner, findings } = round;
      const payment = { id, leaseMs: LEASE_MS, ledgerMovesOnce: true };
      paidOnce(round, await payUntilEnded(other, payment));
      findings.same(await payUntilEnded(owner, payment), { status: "kept" }, `${id} asked again`);
      return proof;
    },
  ),
  inRounds(
    {
      name: "killed-before-settle-void",
      title: "kill -9 before settle, and it never moves",
      ...{ faults: [2], on: ["single"], rounds },
    },
    async (round) => {
      const proof = await killAt(round, "settle");
      const { id, other, findings, ledger } = round;
      const first = await other.jobs.pay({ id, leaseMs: LEASE_MS });
      findings.same(first, { status: "pending" }, `${id} while its lease lasts or in doubt`);
      ledger.makeVoid(id);
      findings.same(await payUntilEnded(other, { id, leaseMs: LEASE_MS }), { status: "rejected" }, `${id} void`);
      findings.check(ledger.transfers(id) === 0, `${id}: moved ${ledger.transfers(id)} times`);
      return proof;
    },
  ),
  inRounds(
    {
      name: "killed-after-settle",
      title: "kill -9 after settle, before complete; then reconciled",
      ...{ faults: [3, 27], on, rounds },
    },
    async (round) => {
      const proof = await killAt(round, "moved");
      const { id, other, owner, findings } = round;
      await sleep(LEASE_MS + 200);
      const reconciled = await other.jobs.reconcile(LEASE_MS);
      findings.same(reconciled, { settled: 1, failed: 0 }, `${id} reconciled`);
      paidOnce(round, await payUntilEnded(owner, { id, leaseMs: LEASE_MS }));
      return proof;
    },
  ),
  inRounds(
    {
      name: "stopped-before-settle",
      title: "SIGSTOP of the owner past its lease, before settle",
      ...{ faults: [4, 27], on, rounds },
    },
    async (round) => {
      const proof = await freezeAt(round, "settle", true);
      paidOnce(round, await payUntilEnded(round.other, { id: round.id, leaseMs: LEASE_MS, ledgerMovesOnce: true }));
      return proof;
    },
  ),
  inRounds(
    {
      name: "stopped-after-settle",
      title: "SIGSTOP of the owner past its lease, after settle",
      ...{ faults: [4, 27], on, rounds },
    },
    async (round) => {
      const proof = await freezeAt(round, "moved");
      paidOnce(round, await payUntilEnded(round.other, { id: round.id, leaseMs: LEASE_MS }));
      return proof;
    },
  ),
  inRounds(
    {
      name: "same-instant",
      title: "two instances present one payment at one instant",
      ...{ faults: [5], on, rounds: [500, 20] },
    },
    async (round) => {
      const { id, owner, other, ledger, findings } = round;
      let verified = 0;
      ledger.onReached(id, async () => {
        verified += 1;
        return "go";
      });
      const payment = { id, leaseMs: 5_000, stops: ["verify"] } as const;
      const both = await Promise.all([payUntilEnded(owner, payment), payUntilEnded(other, payment)]);
      for (const ended of both) paidOnce(round, ended);
      findings.check(verified === 1, `${id}: verified ${verified} times`);
      const fresh = both.filter(({ status }) => status === "fresh").length;
      findings.check(fresh === 1, `${id}: fresh ${fresh} times`);
      return `${both.length} payers`;
    },
  ),
];
