// What an examination says of servers, over connections of our own and a client of the caller's.
import { examineRedis } from "@tollbooth-stores/redis-protocol";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import {
  doctorBorrowedSuite,
  doctorClusterReplicaSuite,
  doctorDiskSuite,
  doctorReplicaSuite,
  doctorSuite,
  doctorTopologySuite,
  doctorTroubleSuite,
} from "@tollbooth-stores/redis-testkit/suites";
import { expect, inject, it, onTestFinished } from "vitest";
import { createNodeRedisPort } from "./index.ts";
import { borrowCluster, clientTo, poolTo, provider } from "./provider.test-support.ts";

doctorSuite(provider);
doctorDiskSuite(provider);
doctorReplicaSuite(provider, clientTo);
doctorClusterReplicaSuite(provider);
doctorTroubleSuite(provider, clientTo);
doctorBorrowedSuite(provider, clientTo, inject("library") === "redis" ? "app:" : "");
doctorTopologySuite(provider, borrowCluster);

it("calls unknown what a pool does not tell of its clients", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const port = createNodeRedisPort({ client: poolTo(redis) });
  onTestFinished(() => port.close());
  const found = await examineRedis(port, { keeps: "limits", prefixes: ["tollbooth:rl"] });
  const levels = Object.fromEntries(found.map(({ check, level }) => [check, level]));
  expect(levels).toMatchObject({ client: "unknown", tls: "unknown", version: "ok" });
});
