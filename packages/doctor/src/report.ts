// What the doctor prints: the findings of each server, errors first.
import { ageOf } from "./age.ts";
import type { Examination, Finding } from "./examine.ts";
import type { Listed } from "./payments.ts";

const marks = { error: "ERROR  ", warning: "WARNING", unknown: "UNKNOWN", ok: "ok     " } as const;
const colours = { error: "31", warning: "33", unknown: "36", ok: "32" } as const;
const INDENT = " ".repeat(9);

export function reportText({ findings }: Examination, colour: boolean): string {
  const places = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { server, stores } = finding;
    const place = server === undefined ? stores.join(", ") : `${server}: ${stores.join(", ")}`;
    places.set(place, [...(places.get(place) ?? []), finding]);
  }
  const blocks = [...places].map(([place, found]) =>
    [place, ...found.map((finding) => linesOf(finding, colour))].join("\n"),
  );
  return [...blocks, summaryOf(findings)].join("\n\n");
}

function linesOf({ level, check, message, mend }: Finding, colour: boolean): string {
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

export function listText(listed: readonly Listed[], nowMs: number): string {
  if (listed.length === 0) return "No payment is in doubt or owed.";
  const lines = listed.map(({ handle, kind, attempt, atMs, reference, evidence }) =>
    [
      `${handle}  ${kind}, attempt ${attempt}, for ${ageOf(nowMs - atMs)}`,
      ...(evidence === undefined ? [] : [`    evidence: ${printable(evidence)}`]),
      ...(reference === undefined ? [] : [`    reference: ${printable(reference)}`]),
    ].join("\n"),
  );
  return lines.join("\n");
}

/** Evidence comes from a facilitator: nothing in it may move a terminal's cursor. */
const printable = (text: string) => text.replace(/\p{C}/gu, "?");
