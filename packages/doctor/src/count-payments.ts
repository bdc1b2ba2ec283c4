// Counts the payments that are in doubt or owed.
import type { LoadedStores } from "@tollbooth-stores/config";
import { isStoreError, type VerificationStore } from "@tollbooth-stores/core";
import type { Counts } from "./doubt.ts";
import { hearUnreadable } from "./hear-unreadable.ts";
import { keysOn, noOwnKeys } from "./own-keys.ts";

/** `failure`: why the list would be incomplete. `noKeys`: that nothing of the stores is where it was looked for. */
interface Counted {
  counts?: Counts;
  failure?: string;
  noKeys?: string;
}

export interface CountOptions {
  /** True: the prefix was not read from a configuration, so that where no key is under it nothing is known. */
  mayBeElsewhere: boolean;
}

interface CountedStores extends Pick<LoadedStores, "servers" | "describe"> {
  verifications: Pick<VerificationStore, "unresolved">;
}

/** Takes as long as the keyspace is large. The store gives each page `commandTimeoutMs`, so a server that hangs ends it. */
export async function countPayments(
  { verifications, ...stores }: CountedStores,
  { mayBeElsewhere }: CountOptions,
): Promise<Counted> {
  const counts = { inDoubt: 0, owed: 0, oldestMs: 0 };
  const limitMs = longestMs(await keysOn(stores.servers));
  // Not AbortSignal.timeout: its timer cannot be stepped.
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(), limitMs);
  const { signal } = tooLong;
  try {
    const { unreadable } = await hearUnreadable(async () => {
      for await (const { kind, atMs } of verifications.unresolved({ signal })) {
        if (kind === "in-doubt") counts.inDoubt += 1;
        else counts.owed += 1;
        counts.oldestMs = Math.max(counts.oldestMs, Date.now() - atMs);
      }
    });
    const noKeys = mayBeElsewhere && counts.inDoubt + counts.owed === 0 ? await noOwnKeys(stores, signal) : undefined;
    return noKeys === undefined ? { counts: { ...counts, unreadable: unreadable.length } } : { noKeys };
  } catch (error) {
    if (isStoreError(error)) return { failure: error.message };
    if (error !== signal.reason) throw error;
    return { failure: `It took more than ${limitMs / 1_000} s, too long for the server's number of keys.` };
  } finally {
    clearTimeout(timer);
  }
}

/** A page has some 500 keys, and 500 ms by default. A listing that takes longer for all of them may never end. */
function longestMs(keys: number | undefined): number {
  return keys === undefined ? 600_000 : Math.min(20_000 + keys, 86_400_000);
}
