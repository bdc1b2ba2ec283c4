// The tables of a chaos run, for the terminal and for docs/chaos.md.
import type { PlannedPayment } from "./plan.ts";
import { type Fault, points } from "./points.ts";
import type { ChaosReport, Fate } from "./run-chaos.ts";
import { isLostUnkept, isToldTooEarly, verdictOf } from "./verdict.ts";

const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;

/** What became of the payments, a column for each client. */
export function ratesTable(reports: readonly ChaosReport[]): string {
  const counted = (title: string, is: (fate: Fate) => boolean) =>
    line([title, ...reports.map(({ fates }) => fates.filter(is).length)]);
  const ended = (status: string) => (fate: Fate) => fate.endings.some((ending) => ending.status === status);
  const is =
    <K extends keyof PlannedPayment>(key: K, value: PlannedPayment[K]) =>
    ({ payment }: Fate) =>
      payment[key] === value;
  const rows = reports[0] === undefined ? [] : verdictOf(reports[0]).map(({ title }) => title);
  const wrong = (report: ChaosReport, title: string) =>
    verdictOf(report).find((row) => row.title === title)?.wrong.length ?? "?";
  return [
    line(["", ...reports.map(({ client }) => client)]),
    line(["---", ...reports.map(() => "---")]),
    counted("payments", () => true),
    counted("presented by two payers at once", is("payers", 2)),
    counted("without `keep`", is("keep", "no keep")),
    counted("with results too large to keep", is("keep", "too large")),
    counted("without a collector", is("collector", false)),
    counted("settled again by findSettlement", is("ledger", "moves once")),
    counted("moved once", ({ transfers }) => transfers === 1),
    counted("delivered fresh", ended("fresh")),
    counted("delivered from what was kept", ended("kept")),
    counted("told that it was delivered before", ended("empty")),
    counted("expired, never moved", ended("rejected")),
    counted("delivered to a process that died, with nothing kept", isLostUnkept),
    counted("told that it was delivered while that was taken back, delivered when asked again", isToldTooEarly),
    ...rows.map((title) => line([`**${title}**`, ...reports.map((report) => wrong(report, title))])),
    line(["seconds", ...reports.map(({ seconds }) => seconds)]),
  ].join("\n");
}

/** How often each fault struck at each point, on all clients together. */
export function strikesTable(reports: readonly ChaosReport[]): string {
  const struck = reports.flatMap((report) => report.struck);
  const faults = ["kill", "stop", "abort", "cut", "lose reply", "restart redis"] as const satisfies readonly Fault[];
  const count = (is: (strike: (typeof struck)[number]) => boolean) => struck.filter(is).length;
  const others = [...new Set(struck.map(({ fault }) => fault))].filter((fault) => !faults.some((one) => one === fault));
  return [
    line(["point", ...faults]),
    line(["---", ...faults.map(() => "---")]),
    ...points.map((at) => line([at, ...faults.map((fault) => count((one) => one.at === at && one.fault === fault))])),
    line(["**all**", ...faults.map((fault) => count((one) => one.fault === fault))]),
    "",
    `And ${others.map((fault) => `${count((one) => one.fault === fault)} x ${fault}`).join(", ")}.`,
  ].join("\n");
}

export interface PageFacts {
  seed: number;
  redisVersion: string;
}

export function page(reports: readonly ChaosReport[], { seed, redisVersion }: PageFacts): string {
  return `# Payments under chaos

\`npm run chaos -- --write\` wrote this page on ${new Date().toISOString().slice(0, 10)}: seed ${seed}, Redis ${redisVersion} (append-only file, fsync always),
Node ${process.versions.node}. Sellers are real processes on one Redis, and one of them also runs \`reconcileUnresolved\` on a timer. Payers
ask again as they are told, after going away too, and never sign anew.

Each fault strikes at a step of the seller, at a call of the store or when payOnce has answered: kill -9 or SIGSTOP of the
seller, the client going away, connections cut, a reply lost, Redis killed and restarted. The ledger's reply is lost, comes late
or is a refusal for now; verify cannot tell yet; serve throws. Most payments move on a ledger that ignores nonces, so that
a second transfer would move money a second time, and enforces validBefore. The others move on one that takes an authorization
once, where findSettlement settles the same authorization again.

${ratesTable(reports)}

The rows in bold must be 0. They are counted when every seller, stopped ones included, has come to rest and no transfer is
on its way. Every \`fresh: true\` that payOnce answered counts, whether or not a payer heard of it.

- "Moved, but not delivered": where results are kept, every payer must end with the content. Where they cannot be kept (no
  \`keep\`, or too large), one payer must.
- It leaves out "delivered to a process that died, with nothing kept". Delivery is recorded before it is told. So where it is
  on record, and the seller died after it had sent it and before its payer heard or it was taken back, or the payer was gone
  when payOnce answered, only what was kept could be handed over. Where nothing was, the payer gets a receipt and nothing
  else.
- It leaves out "told that it was delivered while that was taken back", too. A caller who aborts while a delivery is recorded
  has it taken back. A payer who asks before that is through, and has no kept answer, gets a receipt and nothing else.
  The payment is owed after that: the payer who asks again when all has come to rest gets the content.
- "Expired, never moved": the seller died before the transfer, so nothing could prove that it would not move before its validity
  was over.

How often each fault struck at each point, on ${reports.map(({ client }) => client).join(" and ")} together:

${strikesTable(reports)}
`;
}
