// The tables of a run of faults, for the terminal and for docs/faults.md.
import { boundSentence, DEADLINE_MS, MARGIN_MS, RECOVERY_MS, REDIS_WINDOW_MS } from "./bounds.ts";
import { clients } from "./contract.ts";
import { faultList } from "./fault-list.ts";
import type { Row } from "./rows/row.ts";
import type { Trial } from "./run/run-rows.ts";
import { topologies } from "./worlds/world.ts";

const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** How often the faults of these trials were brought about, with both clients together. */
function times(trials: readonly Trial[]): number {
  return sum(trials.map(({ rounds = 1 }) => rounds * clients.length));
}

const rowsOf = (trials: readonly Trial[]): Row[] => [...new Set(trials.map(({ row }) => row))];

/** For each numbered fault, how often it was played and how that ended. */
export function faultsTable(trials: readonly Trial[]): string {
  const numbered = Object.entries(faultList).map(([number, title]) => {
    const played = trials.filter(({ row }) => row.faults.includes(Number(number)));
    const on = topologies.filter((topology) => played.some((trial) => trial.topology === topology));
    const unsafe = sum(played.map((trial) => trial.unsafe.length));
    return [number, title, rowsOf(played).length, on.join(", "), times(played), unsafe];
  });
  return table(["#", "fault", "rows", "on", "trials", "unsafe outcomes"], numbered);
}

/** For each row, what became of the calls. */
export function rowsTable(trials: readonly Trial[]): string {
  const counted = rowsOf(trials).map((row) => {
    const played = trials.filter((trial) => trial.row === row);
    const shown = played.flatMap((trial) => trial.shown);
    const count = (of: "answered" | "notApplied" | "unknown" | "lost") =>
      shown.length === 0 ? "" : sum(shown.map((one) => one[of]));
    const spanMs = Math.max(0, ...shown.map(({ lostSpanMs }) => lostSpanMs));
    const lost = shown.length === 0 ? "" : `${count("lost")}${spanMs > 0 ? ` (within ${spanMs} ms)` : ""}`;
    const unsafe = sum(played.map((trial) => trial.unsafe.length));
    return [
      `\`${row.name}\``,
      row.title,
      times(played),
      count("answered"),
      count("notApplied"),
      count("unknown"),
      lost,
      unsafe,
    ];
  });
  const refused = ["refused, not applied", "refused, unknown"];
  return table(["row", "fault", "trials", "answered", ...refused, "lost by Redis", "unsafe"], counted);
}

/** Median and worst time to recover, for each fault, topology and client. */
export function recoveryTable(trials: readonly Trial[]): string {
  const rows = rowsOf(trials.filter(({ shown }) => shown.length > 0));
  const cells = rows.flatMap((row) =>
    topologies
      .filter((topology) => trials.some((trial) => trial.row === row && trial.topology === topology))
      .map((topology) => {
        const shown = trials
          .filter((trial) => trial.row === row && trial.topology === topology)
          .flatMap((trial) => trial.shown);
        const ofClients = clients.flatMap((client) => medianAndWorst(shown.filter((one) => one.client === client)));
        return [row.title, topology, ...ofClients, RECOVERY_MS[row.fault?.loss ?? "ended"]];
      }),
  );
  const heads = clients.flatMap((client) => [`${client}: median`, "worst"]);
  return table(["fault", "topology", ...heads, "bound"], cells);
}

function medianAndWorst(shown: Trial["shown"]): [string | number, string | number] {
  if (shown.some(({ recoveredMs }) => recoveredMs === undefined) || shown.length === 0) return ["never", "never"];
  const sorted = shown.map(({ recoveredMs = 0 }) => recoveredMs).sort((a, b) => a - b);
  return [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0];
}

export interface PageFacts {
  seed: number;
  redisVersion: string;
  minutes: number;
}

const SOAK_HEAD = "## Soak";

export function page(trials: readonly Trial[], { seed, redisVersion, minutes }: PageFacts, before: string): string {
  const soak = before.includes(SOAK_HEAD)
    ? before.slice(before.indexOf(SOAK_HEAD))
    : `${SOAK_HEAD}\n\n\`npm run soak\` appends here.\n`;
  const proofs = rowsOf(trials).map((row) => [
    `\`${row.name}\``,
    trials.find((trial) => trial.row === row)?.proof ?? "",
  ]);
  return `# Faults, and how soon calls succeed again

\`npm run faults\` wrote this page on ${new Date().toISOString().slice(0, 10)} in ${minutes} minutes: seed ${seed}, Redis ${redisVersion}, Node
${process.versions.node}. Servers, sentinels and instances are real processes; instances of both clients run at once, each with
${DEADLINE_MS} ms for a call. Their load: limits, sessions with debits, claims, markers, and payments on a ledger without a nonce
check. Every trial proves that its fault landed.

${boundSentence}
The tests hold that, on every key.

An unsafe outcome is any of these: a call that settles more than ${MARGIN_MS} ms after its deadline, a false answer, an error
that is not retryable, an acknowledged effect that is gone, a payment transferred or delivered twice, a crash, a warning of
Node's, a time to recover above the bound. Redis replicates asynchronously, so what a primary acknowledged last may be
missing after a failover. That is counted as "lost by Redis" where its acknowledgements span at most ${REDIS_WINDOW_MS} ms, and is
unsafe beyond.

## The faults

${faultsTable(trials)}

Fault 15 (an evicting Redis), and what an operator is to be told of 10, 11 and 12, are for a check of the installation that is not built yet.

## Time to recover, in milliseconds

From the service being back (a new connection would work, a primary serves) to the end of the first success on the last of
40 keys, after which nothing fails any more.

${recoveryTable(trials)}

## The rows

\`npm run faults -- --only <row>\` plays one; \`--seed\` and \`--trials\` repeat or add trials.

${rowsTable(trials)}

What proved the first trial of each:

${table(["row", "proof"], proofs)}

${soak}`;
}
