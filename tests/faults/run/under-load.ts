// Plays a fault under the load of all instances, and judges what the calls, the effects and the ledger show of it.
import { setTimeout as sleep } from "node:timers/promises";
import { RECOVERY_MS, REDIS_WINDOW_MS } from "../bounds.ts";
import type { LoadReport, Lost } from "../contract.ts";
import { between } from "../random.ts";
import type { FaultUnderLoad, Outcome, Shown, Stage } from "../rows/row.ts";
import type { Instance } from "./instances.ts";

/** How long nothing may fail any more before an instance counts as recovered. */
const STEADY_MS = 700;
/** An instance that has not recovered by then never does. */
const MOST_MS = 15_000;
/** So many turns of connections are told where calls never succeed again. */
const LAST_TURNS = 12;

export async function playUnderLoad(
  stage: Stage,
  { loss, mayLose = false, unnoticed = false, strike, mistake }: FaultUnderLoad,
): Promise<Outcome> {
  const { instances, name, ledger, random } = stage;
  for (const { jobs } of instances) await jobs.startLoad({ name, ...(mistake && { mistake }) });
  for (const { jobs } of instances) await answers(jobs);
  await sleep(between(random, 0, 300));
  const before = await Promise.all(instances.map(({ jobs }) => jobs.counts()));
  const { proof, backAtMs, mend } = await strike(stage);
  const recovered = await Promise.all(instances.map((instance) => recoveryOf(instance, backAtMs)));
  const after = await Promise.all(instances.map(({ jobs }) => jobs.counts()));
  await mend?.();
  const reports = await Promise.all(instances.map(({ jobs }) => jobs.stopLoad()));
  const lost = reports.flatMap((report) => report.lost);
  const lates = await Promise.all(
    instances.map((instance, index) => lateness(instance, recovered[index], RECOVERY_MS[loss])),
  );
  const unsafe = [
    ...instances.flatMap(({ client }, index) => {
      const late = lates[index] ?? [];
      const refused = (after[index]?.refused ?? 0) - (before[index]?.refused ?? 0);
      const noticed = unnoticed && refused > 0 ? [`${refused} calls were refused`] : [];
      return [...late, ...noticed, ...wrongOf(reports[index])].map((text) => `${client}: ${text}`);
    }),
    ...ledger.movedTwice().map((text) => `moved twice: ${text}`),
    ...ledger.freshTwice().map((text) => `delivered twice: ${text}`),
    ...lossesOf(lost, mayLose),
  ];
  const shown = instances.map(({ client }, index) => shownOf(client, reports[index], recovered[index]));
  return { proof, unsafe, shown };
}

/** Waits until calls of every kind have been answered. */
async function answers(jobs: Instance["jobs"]): Promise<void> {
  const deadlineMs = Date.now() + MOST_MS;
  while ((await jobs.counts()).answered < 150) {
    if (Date.now() > deadlineMs) throw new Error("The load does not get going.");
    await sleep(20);
  }
}

export async function recoveryOf({ jobs }: Instance, backAtMs: number): Promise<number | undefined> {
  const deadlineMs = Math.max(backAtMs, Date.now()) + MOST_MS;
  while (Date.now() < deadlineMs) {
    const atMs = await jobs.recoveredAt(backAtMs);
    if (atMs !== undefined && Date.now() - atMs > STEADY_MS) return Math.max(0, atMs - backAtMs);
    await sleep(50);
  }
  return undefined;
}

/** Judges a time to recover. Where there is none, it tells the last turns of the connections. */
export async function lateness(
  { jobs }: Instance,
  recoveredMs: number | undefined,
  boundMs: number,
): Promise<string[]> {
  if (recoveredMs !== undefined)
    return recoveredMs > boundMs ? [`calls succeeded again only after ${recoveredMs} ms`] : [];
  const turns = (await jobs.turns()).slice(-LAST_TURNS);
  const told = turns.map(({ purpose, server, event, reason }) => [purpose, server, event, reason].join(" "));
  return [`calls did not succeed again within ${MOST_MS} ms; connections: ${told.join(", ")}`];
}

function wrongOf(report: LoadReport | undefined): string[] {
  return report === undefined ? ["no report"] : [...report.wrong, ...report.late];
}

/** What Redis itself loses spans its window; anything lost beside that is not Redis's doing. */
export function lossesOf(lost: readonly Lost[], mayLose: boolean): string[] {
  if (lost.length === 0) return [];
  const kinds = new Map<string, number>();
  for (const { what } of lost) kinds.set(what, (kinds.get(what) ?? 0) + 1);
  const all = [...kinds].map(([what, times]) => `${what} (${times})`).join(", ");
  if (!mayLose) return [`lost: ${all}`];
  const spanMs = spanOf(lost);
  return spanMs > REDIS_WINDOW_MS ? [`lost over ${spanMs} ms: ${all}`] : [];
}

export function spanOf(lost: readonly Lost[]): number {
  const times = lost.map(({ ackedAtMs }) => ackedAtMs);
  return lost.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
}

function shownOf(client: Instance["client"], report: LoadReport | undefined, recoveredMs: number | undefined): Shown {
  const { answered = 0, notApplied = 0, unknown = 0, lost = [] } = report ?? {};
  const counted = { client, answered, notApplied, unknown, lost: lost.length, lostSpanMs: spanOf(lost) };
  return recoveredMs === undefined ? counted : { ...counted, recoveredMs };
}
