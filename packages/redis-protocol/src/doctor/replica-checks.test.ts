// What the checks of a replica make of what it and its primary say. Real replicas are asked by the doctor's suites.
import { expect, it } from "vitest";
import { checkReplicaMemory, replicaKind } from "./replica-checks.ts";
import { type Fields, serverSaying } from "./server-saying.test-support.ts";

const saying = (info: Fields) => serverSaying({ info });

const MB = 1_048_576;

it.each([
  ["as much", 64, 64, 1, "ok", /the primary's 64\.0 MB/],
  ["more", 128, 64, 1, "ok", /128\.0 MB; the primary's is 64\.0 MB/],
  ["less", 32, 64, 1, "warning", /full sooner/],
  ["less than a primary without a limit", 32, 0, 1, "warning", /the primary has no limit/],
  ["no limit, beside a primary that has one", 0, 64, 1, "warning", /not set on this replica/],
  ["no limit, as the primary", 0, 0, 1, "ok", /not set, as on the primary/],
  ["less than 95 % of it left", 64, 64, 61, "error", /after a failover it refuses writes/],
] as const)("a replica that has %s", (_, own, theirs, used, level, message) => {
  const replica = saying({ maxmemory: String(own * MB), used_memory: String(used * MB) });
  const found = checkReplicaMemory(replica, saying({ maxmemory: String(theirs * MB) }));
  expect(found).toMatchObject({ level, message: expect.stringMatching(message) });
});

it("does not know the memory of a replica that does not tell it", () => {
  expect(checkReplicaMemory(saying({}), saying({ maxmemory: "1" }))).toMatchObject({ level: "unknown" });
});

const FOLLOWS = { master_host: "10.0.0.1", master_port: "6379" };
const SPARE = { master_link_status: "down", slave_priority: "0" };

it.each([
  ["replica", { role: "slave", master_replid: "a", slave_priority: "100" }, { master_replid: "a" }],
  ["replica", { role: "slave" }, { master_replid: "a" }],
  ["spare", { role: "slave", slave_priority: "0" }, {}],
  // A cluster goes by cluster-replica-no-failover.
  ["replica", { role: "slave", slave_priority: "0" }, { cluster_enabled: "1" }],
  ["other", { role: "slave", master_replid: "b" }, { master_replid: "a" }],
  ["other", { role: "slave", master_replid: "b", master_link_status: "up", ...FOLLOWS }, { master_replid: "a" }],
  ["other", { role: "master" }, {}],
  // Before the first copy is whole.
  ["filling", { role: "slave", master_replid: "b", master_link_status: "down", ...FOLLOWS }, { master_replid: "a" }],
  ["filling", { role: "slave", master_replid: "b", master_sync_in_progress: "1", ...FOLLOWS }, { master_replid: "a" }],
  ["unsure", { role: "slave", master_replid: "b", master_link_status: "down" }, { master_replid: "a" }],
  ["spare", { role: "slave", master_replid: "b", ...SPARE, ...FOLLOWS }, { master_replid: "a" }],
  [undefined, {}, { master_replid: "a" }],
] as const)("%s: %j of a primary that says %j", (kind, replica, primary) => {
  expect(replicaKind(saying(replica), saying(primary), "10.0.0.1:6379")).toBe(kind);
});
