// Checks that a server is new enough, and no replica that takes writes. A server that lacks our scripts is asked before it
// gets any.
import { serverTooOld } from "../connection/redis-errors.ts";
import type { RedisPort } from "../redis-port.ts";
import { bare } from "./script.ts";
import version from "./version.lua";
import writableReplica from "./writable-replica.lua";

/**
 * Asks an old server for its version, and with an argument any server whether it is a replica that takes writes.
 * Sent with EVAL, so no server knows it by a SHA-1.
 */
export const versionScript: string = bare(writableReplica + version);

/** The oldest Redis that can run the scripts. Every Valkey is newer: its first is 7.2. */
const OLDEST = { major: 6, minor: 2 };

/**
 * Throws STORE_UNAVAILABLE ("not-applied") where the node that owns `keys` is too old, and rethrows what the port
 * throws: where records are at stake, also the error word REPLICA. A server that does not tell is accepted.
 */
export async function requireSuitable(
  port: RedisPort,
  keys: readonly string[],
  signal: AbortSignal,
  { forRecords }: { readonly forRecords: boolean },
): Promise<void> {
  const args = forRecords ? ["role"] : [];
  if (isTooOld(await port.eval(versionScript, keys, args, signal))) throw serverTooOld();
}

/** `version`: the version script's answer, e.g. "6.0.16". An unreadable one counts as new enough. */
export function isTooOld(version: unknown): boolean {
  const [, major, minor] = (typeof version === "string" && /^(\d+)\.(\d+)/.exec(version)) || [];
  if (major === undefined) return false;
  return Number(major) === OLDEST.major ? Number(minor) < OLDEST.minor : Number(major) < OLDEST.major;
}
