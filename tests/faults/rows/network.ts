// Faults of the network between the instances and the servers: connections end, freeze, are refused or stay silent.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { NetProxy } from "@tollbooth-stores/redis-testkit";
import { until } from "@tollbooth-stores/redis-testkit";
import { between, pick } from "../random.ts";
import { topologies } from "../worlds/world.ts";
import type { Row, Stage } from "./row.ts";

const openOn = (proxies: readonly NetProxy[]) => proxies.reduce((sum, proxy) => sum + proxy.open(), 0);
const acceptedOn = (proxies: readonly NetProxy[]) => proxies.reduce((sum, proxy) => sum + proxy.accepted(), 0);

/** Of a cluster some proxies, so that other nodes go on; elsewhere all. */
function struckProxies({ world, random }: Stage): readonly NetProxy[] {
  const proxies = world.proxies();
  if (world.topology !== "cluster" || random() < 0.3) return proxies;
  const first = pick(
    random,
    proxies.filter((proxy) => proxy.open() > 0),
  );
  return proxies.filter((proxy) => proxy === first || random() < 0.3);
}

function someOpen(proxies: readonly NetProxy[]): number {
  const open = openOn(proxies);
  if (open === 0) throw new Error("No connection is open there.");
  return open;
}

export const network: readonly Row[] = [
  {
    name: "cut",
    title: "connections are cut (FIN or RST)",
    ...{ faults: [], on: topologies },
    fault: {
      loss: "ended",
      async strike(stage) {
        const proxies = struckProxies(stage);
        const open = someOpen(proxies);
        const how = pick(stage.random, ["fin", "rst"] as const);
        for (const proxy of proxies) proxy.cut(how);
        return { proof: `${open} connections ended by ${how}`, backAtMs: Date.now() };
      },
    },
  },
  {
    name: "refused",
    title: "the port is refused, then back",
    ...{ faults: [], on: topologies },
    fault: {
      loss: "ended",
      async strike(stage) {
        const proxies = struckProxies(stage);
        const open = someOpen(proxies);
        for (const proxy of proxies) {
          proxy.refuse();
          proxy.cut("rst");
        }
        for (const proxy of proxies) await refuses(proxy);
        await sleep(between(stage.random, 500, 2_000));
        await Promise.all(proxies.map((proxy) => proxy.accept()));
        return { proof: `${open} connections ended, and new ones got ECONNREFUSED`, backAtMs: Date.now() };
      },
    },
  },
  {
    name: "frozen",
    title: "established sockets freeze, new connections work",
    ...{ faults: [25], on: topologies },
    fault: {
      loss: "silent",
      async strike(stage) {
        const proxies = struckProxies(stage);
        const open = someOpen(proxies);
        for (const proxy of proxies) proxy.freeze();
        return { proof: `${open} connections pass no byte any more`, backAtMs: Date.now() };
      },
    },
  },
  {
    name: "silent",
    title: "the port accepts and stays silent",
    ...{ faults: [25], on: topologies },
    fault: {
      loss: "silent",
      async strike(stage) {
        const proxies = struckProxies(stage);
        someOpen(proxies);
        const before = acceptedOn(proxies);
        for (const proxy of proxies) proxy.silence({ established: true });
        await sleep(between(stage.random, 1_500, 3_000));
        // A busy machine's instances may need longer to notice.
        await until(async () => acceptedOn(proxies) > before);
        const tried = acceptedOn(proxies) - before;
        for (const proxy of proxies) {
          proxy.freeze();
          proxy.speak();
        }
        return { proof: `${tried} new connections were accepted and got no answer`, backAtMs: Date.now() };
      },
    },
  },
];

/** Proof that a connection is refused. */
async function refuses({ host, port }: NetProxy): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once("connect", () => reject(new Error("The port is not refused.")));
    socket.once("error", () => resolve());
  });
}
