// A Redis client for tests of configuration: it records what it is asked to open, and reaches nothing.
import { type RedisPort, type ResolvedConnection, resolveConnection } from "@tollbooth-stores/redis-protocol";
import type { StoreProvider } from "../store-provider.ts";
import { redisProvider } from "./redis-provider.ts";

export interface FakeClient {
  provider: StoreProvider;
  opened: { connection: ResolvedConnection; connectTimeoutMs: number | undefined }[];
  /** How many scripts were sent, per opened connection. */
  scripts: number[];
  closed: number;
}

/** `answer`: what every script is answered with; an Error is thrown. `refusedHost`: opening a connection to it fails. */
export function fakeClient(
  answer: unknown = new Error("READONLY no"),
  names: readonly [string, ...string[]] = ["redis", "node-redis"],
  otherBlock?: string,
  refusedHost?: string,
): FakeClient {
  const client: Omit<FakeClient, "provider"> = { opened: [], scripts: [], closed: 0 };
  const provider = redisProvider({
    names,
    otherBlock,
    async openPort(described, connectTimeoutMs) {
      const connection = resolveConnection(described);
      if (connection.kind === "single" && connection.node.host === refusedHost) throw new Error("no such client");
      const index = client.opened.push({ connection, connectTimeoutMs }) - 1;
      client.scripts[index] = 0;
      const run = async () => {
        client.scripts[index] = (client.scripts[index] ?? 0) + 1;
        if (answer instanceof Error) throw answer;
        return answer;
      };
      const port: RedisPort = {
        name: names[0],
        cluster: connection.kind === "cluster",
        ready: async () => {},
        evalSha: run,
        eval: run,
        async *scan() {},
        close: async () => {
          client.closed += 1;
        },
      };
      return port;
    },
  });
  return Object.assign(client, { provider });
}
