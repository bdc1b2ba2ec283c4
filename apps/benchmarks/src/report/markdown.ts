// A run as a page.
import type { GoalResult } from "../check-goals.ts";
import { missedRows } from "./missed-rows.ts";
import type { Report, Row } from "./report.ts";
import { figure, table, withSpread } from "./table.ts";

const VERDICTS = { met: "met", missed: "**missed**", unmeasured: "not measured" } as const;

export function goalTable(goals: readonly GoalResult[]): string {
  return table(
    ["row", "on", "goal", "reached", ""],
    goals.map(({ row, who, goal, reached, unit, verdict }) => [
      row,
      who,
      goal,
      reached === undefined ? "-" : withSpread(reached, unit),
      VERDICTS[verdict],
    ]),
  );
}

const HEAD = [
  "contender",
  "ops/s (lowest to highest round)",
  "p50 us",
  "p99 us",
  "client CPU us",
  "Redis command us",
  "Redis CPU us",
  "commands an op",
  "reads an op",
];

function rowCells({ contender, opsPerSecond, p50Us, p99Us, clientCpuUs, redis }: Row): string[] {
  const onRedis =
    redis === undefined
      ? ["-", "-", "-", "-"]
      : [redis.commandUs, redis.cpuUs, redis.commands, redis.reads].map(({ median }) => figure(median));
  return [
    contender,
    withSpread(opsPerSecond),
    ...[p50Us, p99Us, clientCpuUs].map(({ median }) => figure(median)),
    ...onRedis,
  ];
}

/** One table for each workload and number in flight. */
export function rowTables(rows: readonly Row[]): string {
  const titles = new Map<string, Row[]>();
  for (const row of rows) {
    const title = `${row.workload}${row.server === "cluster" ? " on three primaries" : ""}, ${row.inFlight} in flight`;
    titles.set(title, [...(titles.get(title) ?? []), row]);
  }
  return [...titles].map(([title, of]) => `### ${title}\n\n${table(HEAD, of.map(rowCells))}`).join("\n\n");
}

export function page(report: Report): string {
  const { environment, pace, goals, rows, bytes, payment, disqualified } = report;
  const libraries = Object.entries(environment.libraries).map(([name, version]) => `${name} ${version}`);
  const parts = [
    "# Benchmarks",
    `Made by \`${environment.command}\` on ${environment.date}: ${environment.cores} cores (${environment.processor}), ` +
      `${environment.memoryGiB} GiB, Node ${environment.node}, Redis ${environment.redis}; ${libraries.join(", ")}.`,
    `Each contender has a process of its own. They take turns: ${pace.rounds} rounds of ${pace.sliceMs} ms each, after ` +
      `${pace.warmUpMs} ms to warm up. Figures are medians of the rounds. A ratio is the median of the rounds' own ratios. ` +
      "Client and Redis share the cores, so that ratios say more than figures do.",
    "## The table",
    goalTable(goals),
  ];
  const missed = missedRows(goals);
  if (missed !== "") parts.push("## Missed rows: what was tried, and what stands in the way", missed);
  if (disqualified.length > 0) {
    const cells = disqualified.map(({ contender, workload, reason }) => [contender, workload, reason]);
    parts.push("## Disqualified", table(["contender", "workload", "why"], cells));
  }
  if (bytes !== undefined) {
    const cells = Object.entries(bytes).map(([name, value]) => [name, figure(value)]);
    parts.push("## Bytes an identity, beyond its key and payload", table(["record", "bytes"], cells));
  }
  if (payment !== undefined) {
    parts.push(
      "## A whole payOnce",
      `${payment.calls} store calls (${payment.operations.join(", ")}), ${payment.inSequence} in sequence; ` +
        `${payment.publishes} PUBLISH.`,
    );
  }
  parts.push("## Every figure", legend, rowTables(rows));
  return `${parts.join("\n\n")}\n`;
}

const legend = [
  "RLF is rate-limiter-flexible, `rlf-block` with its in-memory block. `raw` is the client alone: INCR, GET with",
  "JSON.parse, or EXPIRE, sent without waiting for one another, with the client's defaults: ioredis without auto-pipelining",
  "(`raw-autopipelining` has it), node-redis with a timer for each command (`raw-no-timeout` has none). Redis command time is INFO commandstats, Redis CPU is INFO cpu, each for one operation.",
  "Commands an operation are its round trips where one is in flight; reads are how often the server read a socket.",
].join("\n");
