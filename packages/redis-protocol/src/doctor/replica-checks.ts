// What a replica is, and whether it has the memory of the primary that it may replace.
import { type Checked, failure, megabytes, NOTHING_SOLD, ok, unknown, warning } from "./finding.ts";
import { FULL } from "./memory-checks.ts";
import type { ServerFacts } from "./server-facts.ts";

/**
 * "filling": it has not all of the primary's data yet. "unsure": it is filled by a primary of another name. "spare": it never
 * becomes a primary. "other": another server answers at its address.
 */
export type ReplicaKind = "replica" | "filling" | "unsure" | "spare" | "other";

/** Undefined where the server does not tell. `name`: the primary's "host:port". */
export function replicaKind(replica: ServerFacts, primary: ServerFacts, name: string): ReplicaKind | undefined {
  const role = replica.info("role");
  if (role === undefined) return undefined;
  const [own, theirs] = [replica.info("master_replid"), primary.info("master_replid")];
  const isOther = own !== undefined && theirs !== undefined && own !== theirs;
  // Before its first copy is whole it has a replication id of its own.
  const isCut = replica.info("master_sync_in_progress") === "1" || replica.info("master_link_status") === "down";
  if (role !== "slave" || (isOther && !isCut)) return "other";
  if (isOther && followed(replica) !== name) return "unsure";
  // A cluster goes by another setting.
  const isSpare = replica.info("slave_priority") === "0" && primary.info("cluster_enabled") !== "1";
  if (isSpare) return "spare";
  return isOther ? "filling" : "replica";
}

/** The primary's "host:port", as the replica has it. */
export const followed = ({ info }: ServerFacts): string => `${info("master_host")}:${info("master_port")}`;

/** A failover makes the replica the primary, with what it holds already. */
export function checkReplicaMemory(replica: ServerFacts, primary: ServerFacts): Checked {
  const [most, primarys] = [maxmemoryOf(replica), maxmemoryOf(primary)];
  if (most === undefined || primarys === undefined) return unknown("memory", "The replica does not tell its memory.");
  const used = Number(replica.info("used_memory") ?? 0);
  const mend = "Give each server the same maxmemory, below what its machine has.";
  if (most > 0 && used >= most * FULL) {
    return failure(
      "full",
      `${megabytes(used)} of this replica's ${megabytes(most)} are used: after a failover it refuses writes. ${NOTHING_SOLD}`,
      mend,
    );
  }
  if (most === primarys) {
    return ok(
      most === 0 ? "maxmemory is not set, as on the primary." : `maxmemory is the primary's ${megabytes(most)}.`,
    );
  }
  if (most === 0) return warning("no-limit", "maxmemory is not set on this replica, and is on the primary.", mend);
  const theirs = primarys === 0 ? "the primary has no limit" : `the primary's is ${megabytes(primarys)}`;
  if (primarys > 0 && most > primarys) return ok(`maxmemory is ${megabytes(most)}; ${theirs}.`);
  return warning(
    "less-than-primary",
    `maxmemory of this replica is ${megabytes(most)}, and ${theirs}: after a failover it is full sooner, and refuses every payment.`,
    mend,
  );
}

function maxmemoryOf({ info }: ServerFacts): number | undefined {
  const most = Number(info("maxmemory") ?? Number.NaN);
  return Number.isNaN(most) ? undefined : most;
}
