// @keyv/redis as a session store: reading.
import KeyvRedis from "@keyv/redis";
import { type Contender, SESSIONS, type Server, sessionOf } from "../measuring/subject.ts";
import { sameSession, sampleSession } from "./sample-session.ts";

const HOUR_MS = 3_600_000;
const keys = Array.from({ length: SESSIONS }, (_, at) => `keyv-${process.pid}-${at}`);

/** @keyv/redis itself, with the JSON that Keyv would make of the value. */
export function keyvRedisGet(): Contender {
  const open = async (server: Server) => {
    if (server.kind !== "single") throw new Error("This contender needs one Redis.");
    const adapter = new KeyvRedis<string>(server.url);
    for (const [at, key] of keys.entries()) await adapter.set(key, JSON.stringify(sampleSession(at)), HOUR_MS);
    return adapter;
  };
  const get = async (adapter: KeyvRedis<string>, key: string) => {
    const text = await adapter.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  };
  return {
    async check(server) {
      const adapter = await open(server);
      const read = await get(adapter, keys[7] ?? "");
      await adapter.disconnect();
      if (!sameSession(read, sampleSession(7))) throw new Error("It read another session than was written.");
    },
    async open(server) {
      const adapter = await open(server);
      return {
        operation: async (turn) => (await get(adapter, keys[sessionOf(turn)] ?? "")) !== undefined,
        close: async () => void (await adapter.disconnect()),
      };
    },
  };
}
