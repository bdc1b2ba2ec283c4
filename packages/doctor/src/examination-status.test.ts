// The exit status of an examination, by what was found and by what --fail-on asks about.
import { expect, it } from "vitest";
import type { FailOn } from "./arguments.ts";
import { examinationStatus } from "./examination-status.ts";
import type { Finding } from "./examine.ts";
import { ERRORS, FINE, NO_ANSWER, type Status } from "./outcome.ts";

const found = (check: Finding["check"], level: Finding["level"]): Finding => ({
  ...{ check, level, message: "", provider: "ioredis", stores: ["verifications"] },
});
const [notListed, old, evicts] = [
  found("payments", "unknown"),
  found("payments", "warning"),
  found("eviction", "error"),
];
const noPolicy = found("eviction", "unknown");

it.each<[string, Status, FailOn, readonly Finding[]]>([
  ["warnings and unknowns are fine where nothing is said", FINE, "error", [old, noPolicy, notListed]],
  ["a warning of a check that is asked about", ERRORS, ["payments"], [old]],
  ["a warning of another check", FINE, ["eviction"], [old]],
  ["payments that could not be listed, where payments are asked about", NO_ANSWER, ["memory", "payments"], [notListed]],
  ["payments that could not be listed, where every warning fails", NO_ANSWER, "warning", [notListed]],
  ["what a server never tells, where every warning fails", FINE, "warning", [noPolicy]],
  ["what a server does not tell, where it is asked about", NO_ANSWER, ["eviction"], [noPolicy]],
  ["what a server does not tell, where something else is asked about", FINE, ["payments"], [noPolicy]],
  ["a warning besides what is not known", ERRORS, ["eviction", "payments"], [old, noPolicy]],
  ["an error besides what is not known", ERRORS, ["payments"], [evicts, notListed]],
  ["no answer", NO_ANSWER, "error", [found("reachable", "error"), notListed]],
  ["no answer of one server, an error of another", ERRORS, "error", [found("reachable", "error"), evicts]],
])("%s: %i", (_, status, failOn, findings) => {
  expect(examinationStatus(findings, failOn)).toBe(status);
});
