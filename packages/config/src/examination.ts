// Whether the servers behind the stores are safe for payments: asked for, at a strict start, or told as an event.
import { StoreError } from "@tollbooth-stores/core";
import { areConnectionsObserved, publishConnection } from "@tollbooth-stores/core/native";
import type { Examined } from "./store-provider.ts";

/** Throws STORE_CONFIG with every error that was found. */
export function refuseErrors(found: readonly Examined[]): void {
  const errors = found.filter(({ level }) => level === "error");
  if (errors.length === 0) return;
  throw new StoreError(
    "STORE_CONFIG",
    `strict: the stores are not safe for payments.\n${errors.map((each) => `  ${lineOf(each)}`).join("\n")}`,
  );
}

/** One line: what was found, where, and what mends it. */
export function lineOf({ check, server, message, mend }: Examined): string {
  const where = server === undefined ? "" : ` (${server})`;
  return `${check}${where}: ${message}${mend === undefined ? "" : ` Mend: ${mend}`}`;
}

/** Tells errors and warnings once on the connection channel, if it has a subscriber. Delays and fails nothing. */
export function tellErrors(examine: () => Promise<readonly Examined[]>): void {
  if (!areConnectionsObserved()) return;
  void examine()
    .then((found) => {
      for (const each of found) {
        if (each.level !== "error" && each.level !== "warning") continue;
        const { provider, server, message } = each;
        const about = { provider, purpose: "commands", ...(server !== undefined && { server }) } as const;
        publishConnection({ ...about, event: "unsafe", reason: `${each.check}: ${message}` });
      }
    })
    // Only the examination failed: stores that were closed meanwhile, say.
    .catch(() => undefined);
}
