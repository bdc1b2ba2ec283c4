// The drill's table for people: plain text within 100 columns, or Markdown; red cells are marked by a word.
import type { DrillReport, LaneReport, PhaseReport } from "./report.ts";

export interface TableOptions {
  /** Whether to use colours beside the words. */
  color: boolean;
}

interface Cell {
  text: string;
  failed: boolean;
}

interface Line {
  title: string;
  cells: Cell[];
}

const widestTitle = 38;
const widestCell = 19;
/** So many requests are named below the table for each red cell. */
const namedRequests = 3;

function linesOf(lanes: readonly LaneReport[]): Line[] {
  const plain = (title: string, text: (lane: LaneReport) => string): Line => ({
    title,
    cells: lanes.map((lane) => ({ text: text(lane), failed: false })),
  });
  const [first] = lanes;
  const rows = (first?.rows ?? []).map(
    ({ key, title }): Line => ({
      title,
      cells: lanes.map(({ rows: own }) => {
        const row = own.find((one) => one.key === key);
        return { text: String(row?.value ?? "-"), failed: row?.ok === false };
      }),
    }),
  );
  const errors: Line = {
    title: "errors",
    // Wrong answers of the lane that is there to fail are no surprise, but they are shown.
    cells: lanes.map((lane) => ({ text: String(lane.errors.length), failed: lane.errors.length > 0 })),
  };
  const doubts: Line = {
    title: "payments in doubt: most, at the end",
    cells: lanes.map(({ doubts: seen }) => ({
      text: seen === undefined ? "-" : `${seen.most}, ${seen.atEnd}`,
      failed: (seen?.atEnd ?? 0) > 0,
    })),
  };
  return [
    ...rows,
    errors,
    doubts,
    plain("a store call, p50 / p99, ms", ({ phases: [steady] }) => callTimes(steady)),
    plain("in the stores a request, ms (calls)", ({ phases: [steady] }) => requestTime(steady)),
    plain("requests, sent again", ({ requests, retried }) => `${requests}, ${retried}`),
  ];
}

/** Two digits: a store in memory takes some microseconds, one that is far away milliseconds. */
const ms = (value: number | undefined) => (value === undefined ? "-" : String(Number(value.toPrecision(2))));

/** While nothing is done to the lane: what a call lasts while Redis restarts says nothing of a store. */
const callTimes = (steady: PhaseReport | undefined) => `${ms(steady?.stores.p50Ms)} / ${ms(steady?.stores.p99Ms)}`;

/** All calls of all gateways, divided by the requests, and how many they are. */
function requestTime(steady: PhaseReport | undefined): string {
  if (steady === undefined || steady.stores.calls === 0 || steady.requests === 0) return "-";
  const { requests, stores } = steady;
  return `${ms(stores.totalMs / requests)} (${Math.round(stores.calls / requests)})`;
}

const chainOf = ({ chain }: DrillReport) => (chain === "evm" ? "on a real EVM" : "on the simulated chain");

const headings = ({ lanes, instances }: DrillReport) => lanes.map(({ provider }) => `${provider} x ${instances}`);

/** The table with what was done, what is known about its cells, and the first requests behind the red ones. */
export function textReport(report: DrillReport, { color }: TableOptions): string {
  const paint = (text: string, code: number) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const row = (title: string, cells: readonly string[]) => `  ${title.padEnd(widestTitle)}${cells.join("")}`.trimEnd();
  const cell = ({ text, failed }: Cell) => {
    const shown = failed ? `${text} WRONG` : text;
    return `${failed ? paint(shown, 31) : shown}${" ".repeat(Math.max(1, widestCell - shown.length))}`;
  };
  const { lanes } = report;
  const table = [
    row(
      chainOf(report),
      headings(report).map((heading) => heading.padEnd(widestCell)),
    ),
    ...linesOf(lanes).map(({ title, cells }) => row(title, cells.map(cell))),
  ];
  const verdict = report.ok
    ? paint("As it should be: without shared state it goes wrong, with it every row holds.", 32)
    : paint(`Not as it should be:\n${report.reasons.map((reason) => `  - ${reason}`).join("\n")}`, 31);
  return [
    `${report.traffic.requests} requests (${report.traffic.source}) against ${report.instances} gateways, ${Math.round(report.seconds)} s. Redis: ${report.redis}.`,
    "",
    ...table,
    "",
    ...doneTo(lanes),
    ...scrapedOf(lanes),
    ...details(lanes),
    "",
    verdict,
    "",
  ].join("\n");
}

function doneTo(lanes: readonly LaneReport[]): string[] {
  const phases = lanes.find(({ shared }) => shared)?.phases.map(({ name }) => name) ?? [];
  if (phases.length === 0) return [];
  return folded(`While the traffic ran on the shared stores: ${phases.join(", ")}.`, "  ");
}

/** What Prometheus would have seen meanwhile. */
function scrapedOf(lanes: readonly LaneReport[]): string[] {
  const told = lanes.flatMap(({ provider, scraped }) =>
    scraped === undefined
      ? []
      : [
          `${provider} ${scraped.answered} answered (${scraped.unanswered} at a gateway that had ended), ${scraped.paid} payments sold, at most ${scraped.mostDown} connection(s) down`,
        ],
  );
  return told.length === 0 ? [] : folded(`Scrapes of the gateways' /metrics: ${told.join("; ")}.`, "  ");
}

/** A line for each cell that is red or has something to be known about it. */
function details(lanes: readonly LaneReport[]): string[] {
  return lanes.flatMap(({ provider, rows, errors }) => {
    const told = rows.flatMap(({ title, ok, note, requests }) => {
      const parts = [note, ok ? undefined : named(requests)].filter((part) => part !== undefined);
      return parts.length === 0 ? [] : folded(`${title}: ${parts.join("; ")}`, "    ");
    });
    if (errors.length > 0) told.push(...folded(`errors: ${named(errors)}`, "    "));
    return told.length === 0 ? [] : ["", `  ${provider}`, ...told];
  });
}

function named(requests: readonly string[]): string {
  const more = requests.length - namedRequests;
  return `${requests.slice(0, namedRequests).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const widestLine = 100;

/** Words on lines of at most 100 columns; a word that is longer stays whole. */
function folded(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && line.length + 1 + word.length > widestLine) {
      lines.push(line);
      line = `${indent}  `;
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** The table alone, as a README shows it. */
export function markdownTable(report: DrillReport): string {
  const row = (title: string, cells: readonly string[]) => `| ${[title, ...cells].join(" | ")} |`;
  return [
    row(chainOf(report), headings(report)),
    row(
      "---",
      headings(report).map(() => "---"),
    ),
    ...linesOf(report.lanes).map(({ title, cells }) =>
      row(
        title,
        cells.map(({ text, failed }) => (failed ? `**${text}** wrong` : text)),
      ),
    ),
    "",
  ].join("\n");
}
