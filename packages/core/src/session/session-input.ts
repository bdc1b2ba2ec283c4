// Checks the arguments of a session store before anything is sent.
import { requireDurationMs } from "../durations.ts";
import { invalidArgument } from "../errors.ts";
import { maxQuota } from "./session-state.ts";
import type { NewSession } from "./session-store.ts";

const longestQuotaName = 128;

/** The two TTLs of a new session, checked: integer milliseconds from 1 to 100 years. */
export function checkedTtls(
  input: Pick<NewSession<unknown>, "idleTtlMs" | "absoluteTtlMs">,
  defaultIdleTtlMs: number | undefined,
): { idleTtlMs: number | undefined; absoluteTtlMs: number | undefined } {
  const idleTtlMs = input.idleTtlMs ?? defaultIdleTtlMs;
  const { absoluteTtlMs } = input;
  if (idleTtlMs !== undefined) requireDurationMs(idleTtlMs, "idleTtlMs");
  if (absoluteTtlMs !== undefined) requireDurationMs(absoluteTtlMs, "absoluteTtlMs");
  return { idleTtlMs, absoluteTtlMs };
}

/** Throws where neither TTL is given: a session must end some time. */
export function requireEnd(ttls: { idleTtlMs: number | undefined; absoluteTtlMs: number | undefined }): void {
  if (ttls.idleTtlMs !== undefined || ttls.absoluteTtlMs !== undefined) return;
  throw invalidArgument(
    "A session must end: give idleTtlMs or absoluteTtlMs, or the store defaults.idleTtlMs (for createWith: extendMs).",
  );
}

/** Quotas by name, `least`..2^63-1 each; undefined where none are given. */
export function checkedQuotas(
  quotas: Record<string, bigint> | undefined,
  least: bigint,
): ReadonlyMap<string, bigint> | undefined {
  if (quotas === undefined) return undefined;
  if (typeof quotas !== "object" || quotas === null) throw invalidArgument("quotas must be an object of bigints.");
  return new Map(
    Object.entries(quotas).map(([name, amount]) => [checkedQuotaName(name), checkedAmount(amount, least, "A quota")]),
  );
}

export function checkedQuotaName(name: string): string {
  if (typeof name !== "string" || name.length === 0 || name.length > longestQuotaName || !name.isWellFormed()) {
    throw invalidArgument(`A quota's name must be well-formed text of 1 to ${longestQuotaName} characters.`);
  }
  return name;
}

export function checkedAmount(amount: bigint, least: bigint, what: string): bigint {
  if (typeof amount !== "bigint" || amount < least || amount > maxQuota) {
    throw invalidArgument(`${what} must be a bigint from ${least} to 2^63 - 1.`);
  }
  return amount;
}

/** Requires a name. An empty one is a caller's mistake. */
export function checkedText(text: string, name: string): string {
  if (typeof text !== "string" || text === "") throw invalidArgument(`${name} must be a string that is not empty.`);
  return text;
}

export function checkedVersion(version: number | undefined): number {
  if (version === undefined || !Number.isSafeInteger(version)) {
    throw invalidArgument("ifVersion must be the version of a session record.");
  }
  return version;
}
