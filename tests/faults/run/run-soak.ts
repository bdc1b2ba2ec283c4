// Random faults on a cluster, one after the other, under one load of both clients that never ends in between.
import { setTimeout as sleep } from "node:timers/promises";
import { RECOVERY_MS, REDIS_WINDOW_MS } from "../bounds.ts";
import { clients, type LoadReport, type Lost } from "../contract.ts";
import { between, pick, randomNumbers } from "../random.ts";
import { rows } from "../rows/all-rows.ts";
import type { Row } from "../rows/row.ts";
import { startWorld } from "../worlds/start-world.ts";
import { startInstance } from "./instances.ts";
import { openLedger } from "./ledger.ts";
import { lateness, recoveryOf, spanOf } from "./under-load.ts";

const SETTLE_TRIES = 5;

export interface SoakReport {
  /** How often each fault struck. */
  faults: ReadonlyMap<string, number>;
  answered: number;
  notApplied: number;
  unknown: number;
  /** Lost in Redis's own window. */
  lost: number;
  lostSpanMs: number;
  payments: number;
  /** The slowest recovery of each client, in milliseconds. */
  slowestMs: ReadonlyMap<string, number>;
  unsafe: string[];
}

export interface SoakOptions {
  minutes: number;
  seed: number;
  told(text: string): void;
}

/** When Redis itself may have lost what was acknowledged. */
export interface LossWindow {
  fromMs: number;
  toMs: number;
}

export async function runSoak({ minutes, seed, told }: SoakOptions): Promise<SoakReport> {
  const random = randomNumbers(seed);
  const untilMs = Date.now() + minutes * 60_000;
  const choice = rows.filter(({ on, fault }) => on.includes("cluster") && fault !== undefined);
  const world = await startWorld("cluster");
  const ledger = openLedger();
  const instances = clients.map((client) => startInstance(client, ledger.jobs));
  const [faults, slowestMs] = [new Map<string, number>(), new Map<string, number>()];
  const windows: LossWindow[] = [];
  const unsafe: string[] = [];
  const reports: LoadReport[] = [];
  const start = () => Promise.reject(new Error("The soak starts no other instance."));
  const stage = { ...{ world, random, ledger, instances, start }, name: "soak", rounds: 1 };

  const strikeOnce = async ({ name, fault }: Row) => {
    if (fault === undefined) return;
    const fromMs = Date.now() - REDIS_WINDOW_MS;
    const { proof, backAtMs, mend } = await fault.strike(stage);
    if (fault.mayLose === true) windows.push({ fromMs, toMs: Date.now() });
    faults.set(name, (faults.get(name) ?? 0) + 1);
    const times = await Promise.all(instances.map((instance) => recoveryOf(instance, backAtMs)));
    for (const [index, instance] of instances.entries()) {
      const { client } = instance;
      const late = await lateness(instance, times[index], RECOVERY_MS[fault.loss]);
      unsafe.push(...late.map((text) => `${name}, ${client}: ${text}`));
      slowestMs.set(client, Math.max(slowestMs.get(client) ?? 0, times[index] ?? 0));
    }
    told(`${name}: ${proof}; recovered after ${times.map((ms) => ms ?? "no").join(" and ")} ms`);
    await mend?.();
    await settledAtLast(world);
    await sleep(between(random, 200, 1_500));
  };
  try {
    for (const { jobs } of instances) await jobs.open({ connection: world.connection, keyPrefix: "soak" });
    for (const { jobs } of instances) await jobs.startLoad({ name: "soak" });
    await sleep(1_000);
    while (Date.now() < untilMs && instances.every(({ crash }) => crash() === undefined)) {
      await strikeOnce(pick(random, choice));
    }
    for (const { client, jobs } of instances) {
      const report = await jobs.stopLoad();
      reports.push(report);
      unsafe.push(...[...report.wrong, ...report.late].map((text) => `${client}: ${text}`));
      const left = await jobs.close();
      if (left.length > 0) unsafe.push(`${client}: left behind: ${left.join(", ")}`);
    }
  } catch (error) {
    unsafe.push(`the soak ended early: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    unsafe.push(...instances.flatMap(({ client, crash }) => (crash() === undefined ? [] : [`${client}: ${crash()}`])));
    await Promise.all(instances.map((instance) => instance.end()));
    await world.stop();
  }
  const lost = reports.flatMap((report) => report.lost);
  unsafe.push(...ledger.movedTwice().map((text) => `moved twice: ${text}`));
  unsafe.push(...ledger.freshTwice().map((text) => `delivered twice: ${text}`));
  unsafe.push(...lostOutside(lost, windows).map(({ what }) => `lost outside Redis's window: ${what}`));
  const count = (of: "answered" | "notApplied" | "unknown") => reports.reduce((sum, report) => sum + report[of], 0);
  return {
    ...{ faults, slowestMs, unsafe, payments: ledger.moved(), lost: lost.length },
    ...{ answered: count("answered"), notApplied: count("notApplied"), unknown: count("unknown") },
    lostSpanMs: Math.max(0, ...windows.map((window) => spanOf(lost.filter((one) => isIn(one, window))))),
  };
}

/** After many changes the nodes of a cluster may take long to agree, however well clients fare meanwhile. */
async function settledAtLast(world: { settled(): Promise<void> }): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await world.settled();
    } catch (error) {
      if (tries === SETTLE_TRIES) throw error;
    }
  }
}

const isIn = ({ ackedAtMs }: Lost, { fromMs, toMs }: LossWindow) => fromMs <= ackedAtMs && ackedAtMs <= toMs;

/** What no failover explains, or more of one failover than Redis's window holds. */
export function lostOutside(lost: readonly Lost[], windows: readonly LossWindow[]): Lost[] {
  const outside = lost.filter((one) => !windows.some((window) => isIn(one, window)));
  const tooLong = windows
    .map((window) => lost.filter((one) => isIn(one, window)))
    .filter((of) => spanOf(of) > REDIS_WINDOW_MS);
  return [...outside, ...tooLong.flat()];
}

export function summary(report: SoakReport, { minutes, seed }: { minutes: number; seed: number }): string {
  const { faults, answered, notApplied, unknown, lost, lostSpanMs, payments, slowestMs, unsafe } = report;
  const struck = [...faults].map(([name, times]) => `${times} x ${name}`).join(", ");
  const slowest = [...slowestMs].map(([client, ms]) => `${client} ${ms} ms`).join(", ");
  const all = [...faults.values()].reduce((total, times) => total + times, 0);
  return `### ${new Date().toISOString().slice(0, 10)}: ${minutes} minutes, seed ${seed}, ${unsafe.length} unsafe outcomes

${all} faults: ${struck}.

${answered} calls answered, ${notApplied} refused as not applied, ${unknown} refused as unknown; ${payments} payments, each transferred
once${unsafe.length === 0 ? "" : " unless told below"}. Slowest recovery: ${slowest}. Lost by Redis in failovers: ${lost} acknowledged
effects${lost === 0 ? "" : `, those of one failover within ${lostSpanMs} ms at most`}.${unsafe.length === 0 ? "" : `\n\n${unsafe.map((text) => `- ${text}`).join("\n")}`}`;
}
