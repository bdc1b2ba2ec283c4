// Counts the payments that are in doubt or owed.
import { isStoreError, type VerificationStore } from "@tollbooth-stores/core";
import type { Counts } from "./doubt.ts";
import { hearUnreadable } from "./hear-unreadable.ts";

/** `failure`: why the list would be incomplete. */
type Counted = { counts: Counts; failure?: undefined } | { counts?: undefined; failure: string };

/** Takes as long as the server's keyspace is large. The store gives each page `commandTimeoutMs`, so a server that hangs ends it. */
export async function countPayments(store: Pick<VerificationStore, "unresolved">): Promise<Counted> {
  const counts = { inDoubt: 0, owed: 0, oldestMs: 0 };
  try {
    const { unreadable } = await hearUnreadable(async () => {
      for await (const { kind, atMs } of store.unresolved()) {
        if (kind === "in-doubt") counts.inDoubt += 1;
        else counts.owed += 1;
        counts.oldestMs = Math.max(counts.oldestMs, Date.now() - atMs);
      }
    });
    return { counts: { ...counts, unreadable: unreadable.length } };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { failure: error.message };
  }
}
