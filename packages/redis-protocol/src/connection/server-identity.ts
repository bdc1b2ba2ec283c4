// Who a server says it is, from INFO: for telemetry, and to refuse replicas.
import type { ServerIdentity } from "@tollbooth-stores/core";

export type { ServerIdentity };

/** Fields that the server does not tell are left out. */
export function serverIdentity(info: string): ServerIdentity {
  const field = (name: string) => new RegExp(`^${name}:(.+?)\\r?$`, "m").exec(info)?.[1];
  const version = field("valkey_version") ?? field("redis_version");
  const [runId, replicationId, role] = [field("run_id"), field("master_replid"), field("role")];
  return {
    ...(runId === undefined ? {} : { runId }),
    ...(replicationId === undefined ? {} : { replicationId }),
    ...(version === undefined ? {} : { version }),
    ...(role === undefined ? {} : { role }),
  };
}

/** Whether this is a replica that takes writes (replica-read-only no): its next synchronization drops them. */
export function isWritableReplica(info: string): boolean {
  return /^role:slave\r?$/m.test(info) && !/^slave_read_only:1\r?$/m.test(info);
}

/** Whether two identities belong to different servers, or to different runs of one. Unknown ones are not compared. */
export function isOther(before: ServerIdentity, after: ServerIdentity): boolean {
  const differs = (a: string | undefined, b: string | undefined) => a !== undefined && b !== undefined && a !== b;
  return differs(before.runId, after.runId) || differs(before.replicationId, after.replicationId);
}
