// unresolved() on a cluster: every record of every primary, or an error at the end that says that it is not all.
import type { VerificationStore } from "@tollbooth-stores/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import type { BorrowCluster } from "./cluster-suite.ts";
import { type AtEnd, connectionScene, failureOf } from "./connection-scene.ts";
import type { ReplicatedCluster } from "./replicated-cluster.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";
import { until } from "./until.ts";

const RECORDS = 60;
const keyPrefix = "listing";
const commandTimeoutMs = 3_000;
const request = { token: "t", fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;

/** Registers the tests. */
export function listingSuite<Client>(provider: ClientProvider<Client>, borrow: BorrowCluster<Client>): void {
  let cluster: ReplicatedCluster;
  const ways: Readonly<Record<string, (atEnd: AtEnd) => Promise<VerificationStore>>> = {
    "a connection of ours": async (atEnd) => {
      const scene = connectionScene(provider, atEnd);
      return (await scene.connected({ cluster: cluster.seeds() }, { commandTimeoutMs, keyPrefix })).verifications;
    },
    "a client of the caller's": async (atEnd) => {
      const { client, end, isUp } = await borrow(cluster.nodes);
      atEnd(end);
      await until(async () => isUp());
      const stores = provider.create.stores({ client, commandTimeoutMs, keyPrefix });
      atEnd(() => stores.close());
      await stores.ping();
      return stores.verifications;
    },
  };
  const list = async (store: VerificationStore, handles = new Set<string>()): Promise<Set<string>> => {
    for await (const { handle } of store.unresolved()) handles.add(handle);
    return handles;
  };
  /** Waits until it does. */
  const listsAll = async (store: VerificationStore) => {
    let why = "";
    const isAll = async () => {
      try {
        const { size } = await list(store);
        why = `It ended with ${size} records.`;
        return size === RECORDS;
      } catch (error) {
        why = String(error);
        return false;
      }
    };
    await until(isAll, { detail: () => why });
  };
  const isIncomplete = {
    code: "STORE_UNAVAILABLE",
    outcome: "not-applied",
    message: expect.stringContaining("incomplete"),
  };

  describe(`${provider.name} lists the unresolved on a cluster`, () => {
    beforeAll(async () => {
      // Otherwise the living primaries would refuse to show their records, too.
      const config = ["cluster-require-full-coverage no"];
      cluster = await startReplicatedCluster({ replicas: 0, server: { survivesKill: true, config } });
      const stores = provider.create.stores({ connection: { cluster: cluster.seeds() }, commandTimeoutMs, keyPrefix });
      await stores.ping();
      for (let index = 0; index < RECORDS; index += 1) {
        const claim = await stores.verifications.claim(`key ${index}`, request);
        if (claim.status !== "claimed") throw new Error("not claimed");
        await stores.verifications.markUnknown(`key ${index}`, claim.lease);
      }
      await stores.close();
    }, 60_000);
    afterAll(() => cluster.stop());

    describe.each(Object.keys(ways))("over %s", (way) => {
      const opened = (atEnd: AtEnd) => {
        const open = ways[way];
        if (open === undefined) throw new Error("No such way.");
        return open(atEnd);
      };

      it("all of them", async ({ onTestFinished }) => {
        for (const node of cluster.nodes) expect(Number(await node.command("DBSIZE"))).toBeGreaterThan(5);
        expect((await list(await opened(onTestFinished))).size).toBe(RECORDS);
      });

      it("and says that it is incomplete while slots are on the move, and is complete after it", async ({
        onTestFinished,
      }) => {
        const store = await opened(onTestFinished);
        const [from, to] = await cluster.primaries();
        if (from === undefined || to === undefined) throw new Error("Too few primaries.");
        const slots = await cluster.slotsOf(from);
        const move = await cluster.beginMove(from, to, slots.slice(0, 2_000), () => true);
        expect(await failureOf(list(store))).toMatchObject(isIncomplete);
        await move.finish();
        await listsAll(store);
      });

      it("and says that it is incomplete where a primary is down, and is complete when it is back", async ({
        onTestFinished,
      }) => {
        const store = await opened(onTestFinished);
        const [lost] = await cluster.primaries();
        if (lost === undefined) throw new Error("No primary.");
        await lost.kill("SIGKILL");
        try {
          const seen = new Set<string>();
          // The caller's client may be looking for its nodes. Until it has them, it refuses the listing like any call.
          let failure: unknown;
          await until(async () => {
            seen.clear();
            const failed = await failureOf(list(store, seen));
            failure = failed;
            return failed.message.includes("incomplete");
          });
          expect(failure).toMatchObject(isIncomplete);
          // What the others hold is listed before the error.
          expect(seen.size).toBeGreaterThan(RECORDS / 3);
          expect(seen.size).toBeLessThan(RECORDS);
        } finally {
          await lost.restart();
          await cluster.settled();
        }
        await listsAll(store);
      }, 60_000);
    });
  });
}
