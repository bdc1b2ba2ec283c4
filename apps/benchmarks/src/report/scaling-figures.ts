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

/** Operations a second of so many primaries. Work that all falls on one key stays on one of them. */
const carried = (us: number, primaries: number) => figure((MICROSECONDS / us) * FULL * primaries);

function decisions(rows: readonly Row[]): string {
  const cells = ALGORITHMS.map(({ name, workload }) => {
    const alone = cpuUs(rows, workload, 1);
    const batched = cpuUs(rows, workload, 64);
    const many = workload === "consume-hot" ? [1, 1] : [3, 30];
    return [name, figure(alone), figure(batched), ...[1, ...many].map((primaries) => carried(batched, primaries))];
  });
  const head = ["decision", "Redis CPU us, 1 in flight", "64 in flight", "one core", "three primaries", "thirty"];
  return table(head, cells);
}

function requests(rows: readonly Row[]): string {
  const cells = REQUESTS.map(({ name, parts }) => {
    const us = parts.reduce((sum, workload) => sum + cpuUs(rows, workload, 64), 0);
    return [name, figure(us), ...[1, 3, 30].map((primaries) => carried(us, primaries))];
  });
  return table(["request", "Redis CPU us", "one core", "three primaries", "thirty"], cells);
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
      ["predicted from the CPU time a decision", figure(MICROSECONDS / single)],
    );
  }
  return table(["what", "figure"], cells);
}
