// connect-redis, the session store of express-session: reading and touching.
import { RedisStore } from "connect-redis";
import { type Contender, SESSIONS, type Server, sessionOf } from "../measuring/subject.ts";
import { openNodeRedis } from "./clients.ts";
import type { OpenRawClient } from "./raw-commands.ts";
import { sampleSession } from "./sample-session.ts";

const HOUR_MS = 3_600_000;

/** connect-redis's data: what express-session hands it. */
const expressSession = (at: number) => ({ cookie: { originalMaxAge: HOUR_MS }, ...sampleSession(at) });

const PREFIX = "sess:";
// Each process has its own: another one's SET would end what a touch of this one did.
const connectKeys = Array.from({ length: SESSIONS }, (_, at) => `express-${process.pid}-${at}`);
const sessionKey = (at: number) => connectKeys[at] ?? "";

/** Its `set` needs node-redis, so the raw client writes the sessions. Its `get` and `touch` run on either client. */
async function withConnectSessions(open: OpenRawClient, server: Server) {
  const client = await open(server);
  await Promise.all(connectKeys.map((key, at) => client.set(PREFIX + key, JSON.stringify(expressSession(at)))));
  const store = new RedisStore({ client, prefix: PREFIX, ttl: HOUR_MS / 1_000 });
  return { client, store };
}

export function connectRedisGet(open: OpenRawClient): Contender {
  return {
    async check(server) {
      const { client, store } = await withConnectSessions(open, server);
      const read = await store.get(sessionKey(7));
      await client.close();
      if (read?.user?.id !== 7) throw new Error("It read another session than was written.");
    },
    async open(server) {
      const { client, store } = await withConnectSessions(open, server);
      return {
        operation: async (turn) => (await store.get(sessionKey(sessionOf(turn)))) !== null,
        close: () => client.close(),
      };
    },
  };
}

export function connectRedisTouch(open: OpenRawClient): Contender {
  // A session without `cookie.expires`: the store's own ttl counts.
  const touched = JSON.parse(JSON.stringify(expressSession(0)));
  return {
    async check(server) {
      const { client, store } = await withConnectSessions(open, server);
      await store.touch(sessionKey(7), touched);
      const probe = await openNodeRedis(server);
      const seconds = await probe.ttl(PREFIX + sessionKey(7));
      await probe.close();
      await client.close();
      if (!(seconds > 0)) throw new Error("A touch moved no expiry.");
    },
    async open(server) {
      const { client, store } = await withConnectSessions(open, server);
      const operation = async (turn: number) => {
        await store.touch(sessionKey(sessionOf(turn)), touched);
        return true;
      };
      return { operation, close: () => client.close() };
    },
  };
}
