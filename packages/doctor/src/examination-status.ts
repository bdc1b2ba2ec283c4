// The exit status of an examination.
import type { FailOn } from "./arguments.ts";
import type { Finding } from "./examine.ts";
import { ERRORS, FINE, NO_ANSWER, type Status } from "./outcome.ts";

/** For a job that watches, silence about what it asks must not look like "fine". */
export function examinationStatus(findings: readonly Finding[], failOn: FailOn): Status {
  const errors = findings.filter(({ level }) => level === "error");
  if (errors.length > 0) return errors.every(({ check }) => check === "reachable") ? NO_ANSWER : ERRORS;
  const has = (wanted: Finding["level"], isAsked: (check: string) => boolean) =>
    findings.some(({ level, check }) => level === wanted && isAsked(check));
  if (has("warning", (check) => failOn === "warning" || isNamed(failOn, check))) return ERRORS;
  // Many servers never tell one thing or another. Whether money is in doubt can be told by every one.
  if (has("unknown", (check) => (failOn === "warning" ? check === "payments" : isNamed(failOn, check))))
    return NO_ANSWER;
  return FINE;
}

const isNamed = (failOn: FailOn, check: string) => typeof failOn !== "string" && failOn.includes(check);
