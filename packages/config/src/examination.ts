// What an examination of the stores' servers means for a start: whether it is refused, and which errors are warnings only.
import { StoreError } from "@tollbooth-stores/core";
import type { Examined } from "./store-provider.ts";

/**
 * Throws where there is any error, with all of them. STORE_UNAVAILABLE where none is of the configuration: a server that is
 * away may answer the next start. STORE_CONFIG otherwise, such as for a login that is refused.
 */
export function refuseErrors(found: readonly Examined[]): void {
  const errors = found.filter(({ level }) => level === "error");
  if (errors.length === 0) return;
  const lines = errors.map((each) => `  ${lineOf(each)}`).join("\n");
  if (errors.every((each) => isAway(each) && each.refused !== true)) {
    const message = `strict: the stores cannot be reached, so that they cannot be examined. Try again.\n${lines}`;
    throw new StoreError("STORE_UNAVAILABLE", message, { outcome: "not-applied" });
  }
  throw new StoreError("STORE_CONFIG", `strict: the stores are not safe for payments.\n${lines}`);
}

/** Whether a server takes no call. A warning: it keeps rate limits alone, which are answered without it. */
export function isAway({ check, level }: Examined): boolean {
  return check === "reachable" && (level === "error" || level === "warning");
}

/** Errors that calls do not meet, so that no fallback answers for them. */
const unseen: ReadonlySet<Examined["check"]> = new Set(["users", "keys"]);

/** Where only rate limits are kept, and a fallback answers for them, calls that fail there are no reason to refuse a start. */
export function withLimitsFallback(found: readonly Examined[]): readonly Examined[] {
  return found.map((each) => {
    const isCovered = each.stores.every((store) => store === "rateLimits") && !unseen.has(each.check);
    return isCovered && each.level === "error" ? { ...each, level: "warning" } : each;
  });
}

/** One line: what was found, where, and what mends it. */
function lineOf({ check, server, message, mend }: Examined): string {
  const where = server === undefined ? "" : ` (${server})`;
  return `${check}${where}: ${message}${mend === undefined ? "" : ` Mend: ${mend}`}`;
}
