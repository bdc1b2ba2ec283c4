// A replica follows its primary, is promoted, and demoted again.
import { expect, it, onTestFinished } from "vitest";
import { caughtUp, demote, isReplicaOf, promote, roleOf } from "./replication.ts";
import { startRedis } from "./start-redis.ts";
import { startReplica } from "./start-replica.ts";

it("starts a replica in sync, which can be promoted and demoted", async () => {
  const primary = await startRedis({ requirepass: "p@ss word" });
  onTestFinished(() => primary.stop());
  await primary.command("SET", "key", "1");
  const replica = await startReplica(primary, { requirepass: "another" });
  onTestFinished(() => replica.stop());
  expect(await replica.command("GET", "key")).toBe("1");
  await primary.command("SET", "key", "2");
  await caughtUp(primary, [replica]);
  expect(await replica.command("GET", "key")).toBe("2");
  await expect(replica.command("SET", "key", "3")).rejects.toThrow("READONLY");

  await promote(replica);
  await replica.command("SET", "key", "3");
  await demote(primary, replica);
  expect(await primary.command("GET", "key")).toBe("3");
  expect([await isReplicaOf(primary, replica), (await roleOf(replica))?.role]).toEqual([true, "primary"]);
  await replica.kill("SIGKILL");
  expect(await roleOf(replica)).toBeUndefined();
});
