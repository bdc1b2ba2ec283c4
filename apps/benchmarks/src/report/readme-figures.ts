// The figures of the repository's README: the speed rows of the table, and what they are in calls a second.
import type { GoalResult } from "../check-goals.ts";
import type { Report } from "./report.ts";
import { figure, table } from "./table.ts";

const ROWS = [
  "consume, 64 in flight, against RLF",
  "consume of one hot client, 256 in flight, against RLF",
  "a denied client, 64 in flight, against RLF without its in-memory block",
  "consume, 1 in flight, p50 against RLF",
  "client CPU a consume, 64 in flight, against RLF",
  "session get, 64 in flight, against raw GET and JSON.parse",
  "session touch, 64 in flight, against connect-redis touch",
  "consumeAll of three limits of one client, 64 in flight, against RLF's union",
];

export function readmeFigures({ goals, rows, environment }: Report): string {
  const reached = (row: string, who: string) => {
    const result: GoalResult | undefined = goals.find((goal) => goal.row === row && goal.who === who);
    return result?.reached === undefined ? "-" : `${figure(result.reached.median)}${result.unit}`;
  };
  const perSecond = (client: string) => {
    const row = rows.find(
      ({ workload, server, inFlight, contender }) =>
        workload === "consume-spread" && server === "single" && inFlight === 64 && contender === `tollbooth/${client}`,
    );
    return row === undefined ? "-" : figure(row.opsPerSecond.median);
  };
  const clients = ["ioredis", "node-redis"];
  const cells = [
    ["consume, 64 in flight: calls a second", ...clients.map(perSecond)],
    ...ROWS.map((row) => [row, ...clients.map((client) => reached(row, client))]),
  ];
  const made =
    `Measured on ${environment.date}, ${environment.cores} cores (${environment.processor}), Node ${environment.node}, ` +
    `Redis ${environment.redis}, rate-limiter-flexible (RLF) ${environment.libraries["rate-limiter-flexible"]}.`;
  return `${made}\n\n${table(["fixed window, 10,000 clients", ...clients], cells)}`;
}
