// The addresses of a primary's replicas, as the primary tells them.
import { replicasInSlots } from "../connection/cluster-topology.ts";
import type { ResolvedNode } from "../connection/connection.ts";
import { parseEndpoint, REDIS_PORT } from "../connection/redis-address.ts";
import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";
import type { ServerFacts } from "./server-facts.ts";

/**
 * `name`: the primary's "host:port". A cluster's nodes may announce names and ports that their INFO does not have. Rejects
 * where the server does not answer.
 */
export async function replicaAddresses(
  ask: AskServer,
  name: string,
  { info }: ServerFacts,
): Promise<readonly ResolvedNode[]> {
  if (info("cluster_enabled") === "1") {
    const announced = await inSlots(ask, name);
    if (announced.length > 0) return announced;
  }
  return replicaLines(info).flatMap((line) => {
    const [, host, port] = /^ip=([^,]+),port=(\d+)/.exec(line) ?? [];
    return host === undefined || Number(port) === 0 ? [] : [{ host, port: Number(port) }];
  });
}

/** Lines beyond this number are not read. */
const MOST_REPLICAS = 1_000;

/** INFO's line of each replica. `connected_slaves` is not believed: a wrong number would stall the process. */
export function replicaLines(info: ServerFacts["info"]): readonly string[] {
  const lines: string[] = [];
  for (let line = info("slave0"); line !== undefined && lines.length < MOST_REPLICAS; ) {
    lines.push(line);
    line = info(`slave${lines.length}`);
  }
  return lines;
}

async function inSlots(ask: AskServer, name: string): Promise<readonly ResolvedNode[]> {
  const asked = parseEndpoint(name, REDIS_PORT);
  if (asked === undefined) return [];
  try {
    return replicasInSlots(await ask("CLUSTER", "SLOTS"), asked);
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    return [];
  }
}
