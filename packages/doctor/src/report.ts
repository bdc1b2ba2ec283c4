// What the doctor prints: the findings of each server, errors first.
import { ageOf } from "./age.ts";
import { noneIn } from "./doubt.ts";
import type { Examination, Finding } from "./examine.ts";
import type { Listed } from "./payments.ts";
import type { FoundPayment, ResolutionPlan } from "./resolution-plan.ts";

const marks = { error: "ERROR  ", warning: "WARNING", unknown: "UNKNOWN", ok: "ok     " } as const;
const colours = { error: "31", warning: "33", unknown: "36", ok: "32" } as const;
const INDENT = " ".repeat(9);

/** Where and how the report is shown. */
export interface ReportOptions {
  /** Whether levels are coloured by a terminal's escape sequences. */
  colour: boolean;
}

/** A block for each server and its stores, then the number of findings of each level. */
export function reportText({ findings }: Examination, { colour }: ReportOptions): string {
  const places = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { server, stores } = finding;
    const place = server === undefined ? stores.join(", ") : `${server}: ${stores.join(", ")}`;
    places.set(place, [...(places.get(place) ?? []), finding]);
  }
  const blocks = [...places].map(([place, found]) =>
    [place, ...found.map((finding) => linesOf(finding, { colour }))].join("\n"),
  );
  return [...blocks, summaryOf(findings)].join("\n\n");
}

function linesOf({ level, check, message, mend }: Finding, { colour }: ReportOptions): string {
  const mark = colour ? `\u001b[${colours[level]}m${marks[level]}\u001b[0m` : marks[level];
  const advice = level === "ok" || mend === undefined ? "" : `\n${INDENT}-> ${mend}`;
  return `${mark}  ${check}  ${message}${advice}`;
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (level: Finding["level"]) => findings.filter((each) => each.level === level).length;
  const errors = count("error");
  const warnings = count("warning");
  const shown = `${errors} error${errors === 1 ? "" : "s"}, ${warnings} warning${warnings === 1 ? "" : "s"}`;
  return `${shown}, ${count("unknown")} not known, ${count("ok")} fine`;
}

/** One entry for each payment, or a sentence where there is none. `nowMs`: Unix epoch milliseconds. `prefix`: where it was looked. */
export function listText(listed: readonly Listed[], { nowMs, prefix }: { nowMs: number; prefix: string }): string {
  if (listed.length === 0) return noneIn(prefix);
  return listed.map((payment) => paymentText(payment, nowMs)).join("\n");
}

/** What `payments resolve` is about to do, or why it does nothing. */
export function planText(payment: FoundPayment, plan: ResolutionPlan, nowMs: number): string {
  const about = paymentText(payment, nowMs);
  if (plan.status !== "write") return about;
  return [about, `Recorded will be: ${printable(plan.recorded)}`, `From then on: ${plan.next}`].join("\n");
}

function paymentText(payment: FoundPayment, nowMs: number): string {
  const { handle, kind, attempt, atMs, reason, receipt, evidence, reference } = payment;
  const about = [
    kind,
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(atMs === undefined ? [] : [`for ${ageOf(nowMs - atMs)}`]),
  ];
  const more = Object.entries({ reason, receipt, evidence, reference }).flatMap(([name, text]) =>
    text === undefined ? [] : [`    ${name}: ${printable(text)}`],
  );
  return [`${handle}  ${about.join(", ")}`, ...more].join("\n");
}

/** Evidence comes from a facilitator: nothing in it may move a terminal's cursor. */
const printable = (text: string) => text.replace(/\p{C}/gu, "?");
