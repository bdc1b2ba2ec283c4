// The published suites over connections of our own to sentinels and to a cluster, each with replicas.
import { storesSuite } from "@tollbooth-stores/conformance";
import { afterAll } from "vitest";
import { type ClientHarnessOptions, type ClientProvider, clientHarnesses } from "./client-provider.ts";
import { conformanceSuites } from "./conformance-suites.ts";
import { startReplicatedCluster } from "./start-replicated-cluster.ts";
import { startSentinelGroup } from "./start-sentinel-group.ts";

const MOVED_SLOTS = 200;

/** Three primaries and three replicas. Slots move to and fro where a property asks for it. */
async function onCluster(): Promise<ClientHarnessOptions<unknown>> {
  const cluster = await startReplicatedCluster();
  afterAll(() => cluster.stop());
  const [endpoint] = cluster.nodes;
  if (endpoint === undefined) throw new Error("A cluster without nodes.");
  return {
    name: "a cluster",
    endpoint,
    connection: { cluster: cluster.seeds() },
    primaries: () => cluster.primaries(),
    cluster: {
      async reshard() {
        const [from, to] = await cluster.primaries();
        if (from === undefined || to === undefined) throw new Error("There are no two primaries.");
        const slots = (await cluster.slotsOf(from)).slice(0, MOVED_SLOTS);
        await cluster.moveSlots(from, to, slots);
        await cluster.moveSlots(to, from, slots);
      },
    },
  };
}

/** Registers all suites on a cluster. */
export async function clusterConformance<Client>(provider: ClientProvider<Client>): Promise<void> {
  conformanceSuites(provider, { ...(await onCluster()), client: undefined, processes: true });
}

/** Registers the one of all stores, for every day. */
export async function clusterConformanceInShort<Client>(provider: ClientProvider<Client>): Promise<void> {
  const harnesses = clientHarnesses(provider, { ...(await onCluster()), client: undefined, processes: true });
  storesSuite(harnesses.stores);
}

/** Registers all suites on the primary that three sentinels name. */
export async function sentinelConformance<Client>(provider: ClientProvider<Client>): Promise<void> {
  const group = await startSentinelGroup();
  afterAll(() => group.stop());
  const nodes = group.sentinels.map(({ address }) => address);
  conformanceSuites(provider, {
    name: "sentinels",
    endpoint: await group.primary(),
    connection: { sentinel: { name: group.name, nodes } },
    processes: true,
  });
}
