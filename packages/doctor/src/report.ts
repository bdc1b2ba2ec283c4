// What the doctor prints: one line a finding, errors first.
import type { Examination, Finding } from "./examine.ts";
import type { Listed } from "./payments.ts";

const marks = { error: "ERROR  ", warning: "WARNING", unknown: "UNKNOWN", ok: "ok     " } as const;
const colours = { error: "31", warning: "33", unknown: "36", ok: "32" } as const;

export function reportText({ findings }: Examination, colour: boolean): string {
  const count = (level: Finding["level"]) => findings.filter((each) => each.level === level).length;
  const summary = `${count("error")} errors, ${count("warning")} warnings, ${count("unknown")} not known, ${count("ok")} fine`;
  return [...findings.map((finding) => lineOf(finding, colour)), "", summary].join("\n");
}

function lineOf({ level, check, server, stores, message, mend }: Finding, colour: boolean): string {
  const mark = colour ? `\u001b[${colours[level]}m${marks[level]}\u001b[0m` : marks[level];
  const where = server === undefined ? stores.join(", ") : `${server}: ${stores.join(", ")}`;
  const advice = level === "ok" || mend === undefined ? "" : `\n         -> ${mend}`;
  return `${mark}  ${check}  [${where}]  ${message}${advice}`;
}

export function listText(listed: readonly Listed[], nowMs: number): string {
  if (listed.length === 0) return "No payment is in doubt or owed.";
  const lines = listed.map(({ handle, kind, attempt, atMs, reference, evidence }) =>
    [
      `${handle}  ${kind}, attempt ${attempt}, for ${Math.round((nowMs - atMs) / 60_000)} minutes`,
      ...(evidence === undefined ? [] : [`    evidence: ${evidence}`]),
      ...(reference === undefined ? [] : [`    reference: ${reference}`]),
    ].join("\n"),
  );
  return lines.join("\n");
}
