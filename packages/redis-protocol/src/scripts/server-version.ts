// Which servers are new enough: asked of a server that does not know our scripts, before it is given any.
import { serverTooOld } from "../connection/redis-errors.ts";
import type { RedisPort } from "../redis-port.ts";
import { bare } from "./script.ts";
import version from "./version.lua";

/** Asks an old server for its version. Sent as it is, so nothing knows it by a SHA-1. */
export const versionScript: string = bare(version);

/** The oldest Redis that the scripts are for. Every Valkey is newer: its own 7.2 is the first. */
const OLDEST = { major: 6, minor: 2 };

/**
 * Throws STORE_UNAVAILABLE ("not-applied") where the node that owns `keys` is too old, and whatever the port throws. A
 * server that does not tell its version is taken.
 */
export async function requireNewEnough(port: RedisPort, keys: readonly string[], signal: AbortSignal): Promise<void> {
  if (isTooOld(await port.eval(versionScript, keys, [], signal))) throw serverTooOld();
}

/** `version`: as the version script answers, e.g. "6.0.16". What cannot be read is not too old. */
export function isTooOld(version: unknown): boolean {
  const [, major, minor] = (typeof version === "string" && /^(\d+)\.(\d+)/.exec(version)) || [];
  if (major === undefined) return false;
  return Number(major) === OLDEST.major ? Number(minor) < OLDEST.minor : Number(major) < OLDEST.major;
}
