// The figures of docs/scaling.md: from Redis's CPU time an operation to what one core, three and thirty primaries carry.
import type { Report, Row } from "./report.ts";
import { figure, table } from "./table.ts";

/** The parts of a request that a gateway makes, as workloads. */
const REQUESTS: readonly { name: string; parts: readonly string[] }[] = [
  { name: "a limited request: consume", parts: ["consume-spread"] },
  {
    name: "a request in a paid session: consume, get, debit",
    parts: ["consume-spread", "session-get", "session-debit"],
  },
  { name: "a whole paid request: consume, payOnce", parts: ["consume-spread", "pay-once"] },
];

const ALGORITHMS: readonly { name: string; workload: string }[] = [
  { name: "fixed window", workload: "consume-spread" },
  { name: "sliding window", workload: "consume-sliding-window" },
  { name: "token bucket", workload: "consume-token-bucket" },
  { name: "one hot client, fixed window", workload: "consume-hot" },
];

/** A core that is busy for longer answers late. */
const FULL = 0.7;

const CLIENT = "tollbooth/ioredis";
const MICROSECONDS = 1_000_000;

export function scalingFigures(report: Report): string {
  return [
    "### Decisions, by algorithm",
    decisions(report.rows),
    "### Requests",
    requests(report.rows),
    "### Checked",
    checked(report),
  ].join("\n\n");
}

function cpuUs(rows: readonly Row[], workload: string, inFlight: number, server = "single"): number {
  const row = rows.find(
    (one) =>
      one.workload === workload && one.inFlight === inFlight && one.server === server && one.contender === CLIENT,
  );
  return row?.redis?.cpuUs.median ?? Number.NaN;
}

/** Operations a second of so many primaries; a dash where the time was not measured. */
const carried = (us: number, primaries = 1) =>
  Number.isNaN(us) ? "-" : figure((MICROSECONDS / us) * FULL * primaries);

function decisions(rows: readonly Row[]): string {
  const cells = ALGORITHMS.map(({ name, workload }) => {
    const inFlight = [1, 8, 64].map((count) => cpuUs(rows, workload, count));
    const inCluster = cpuUs(rows, workload, 64, "cluster");
    // One key lives on one primary, however many there are.
    const onMany = workload === "consume-hot" ? ["-", "-"] : [carried(inCluster, 3), carried(inCluster, 30)];
    return [name, ...inFlight.map(figure), ...inFlight.map((us) => carried(us)), ...onMany];
  });
  const head = [
    "decision",
    ...[1, 8, 64].map((count) => `Redis CPU us, ${count} in flight`),
    ...[1, 8, 64].map((count) => `one core, ${count} in flight`),
    "three primaries",
    "thirty",
  ];
  return table(head, cells);
}

function requests(rows: readonly Row[]): string {
  const cells = REQUESTS.map(({ name, parts }) => {
    const together = (count: number, server?: string) =>
      parts.reduce((sum, workload) => sum + cpuUs(rows, workload, count, server), 0);
    const inFlight = [together(1), together(64)];
    const inCluster = together(64, "cluster");
    const carriedBy = [...inFlight.map((us) => carried(us)), carried(inCluster, 3), carried(inCluster, 30)];
    return [name, ...inFlight.map(figure), ...carriedBy];
  });
  const head = [
    "request",
    ...[1, 64].map((count) => `Redis CPU us, ${count} in flight`),
    ...[1, 64].map((count) => `one core, ${count} in flight`),
    "three primaries",
    "thirty",
  ];
  return table(head, cells);
}

function checked({ rows, saturation }: Report): string {
  const single = cpuUs(rows, "consume-spread", 64);
  const onBoth = (workload: string) =>
    `${figure(cpuUs(rows, workload, 64))}, ${figure(cpuUs(rows, workload, 64, "cluster"))}`;
  const cells = [
    ["Redis CPU us a decision, 64 in flight: one server, three primaries together", onBoth("consume-spread")],
    ["Redis CPU us a payOnce, 64 in flight: one server, three primaries together", onBoth("pay-once")],
  ];
  if (saturation !== undefined) {
    const { processes, inFlightEach, opsPerSecond, busy } = saturation;
    cells.push(
      [`decisions a second of ${processes} processes with ${inFlightEach} in flight each`, figure(opsPerSecond)],
      ["Redis's share of its core meanwhile", `${Math.round(busy * 100)}%`],
      ["so a full core would carry", figure(opsPerSecond / busy)],
      ["predicted from the CPU time a decision, without the factor 0.7", figure(MICROSECONDS / single)],
    );
  }
  return table(["what", "figure"], cells);
}
