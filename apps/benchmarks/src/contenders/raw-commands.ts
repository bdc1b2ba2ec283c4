// The clients alone: what one command costs, without any library's work.
import type { Contender, Server, Subject } from "../measuring/subject.ts";
import { IDENTITIES, identityOf, SESSIONS, sessionOf } from "../measuring/subject.ts";
import { openIoredis, openNodeRedis } from "./clients.ts";
import { sameSession, sampleSession } from "./sample-session.ts";

export interface RawClient {
  incr(key: string): Promise<number>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<unknown>;
  expire(key: string, seconds: number): Promise<number>;
  close(): Promise<void>;
}

export type OpenRawClient = (server: Server) => Promise<RawClient>;

export const rawClients = {
  "raw/ioredis": async (server) => ioredisClient(server, false),
  "raw/node-redis": async (server) => nodeRedisClient(server, true),
  "raw-autopipelining/ioredis": async (server) => ioredisClient(server, true),
  "raw-no-timeout/node-redis": async (server) => nodeRedisClient(server, false),
} as const satisfies Record<string, OpenRawClient>;

function ioredisClient(server: Server, enableAutoPipelining: boolean): RawClient {
  const client = openIoredis(server, { enableAutoPipelining });
  return {
    incr: (key) => client.incr(key),
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    expire: (key, seconds) => client.expire(key, seconds),
    close: async () => void (await client.quit()),
  };
}

async function nodeRedisClient(server: Server, timeout: boolean): Promise<RawClient> {
  const client = await openNodeRedis(server, { timeout });
  return {
    incr: (key) => client.incr(key),
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    expire: (key, seconds) => client.expire(key, seconds),
    close: async () => void (await client.close()),
  };
}

const counters = Array.from({ length: IDENTITIES }, (_, at) => `raw:counter:${at}`);
const sessions = Array.from({ length: SESSIONS }, (_, at) => `raw:session:${process.pid}:${at}`);
const counterKey = (turn: number) => counters[identityOf(turn)] ?? "";
const sessionKey = (turn: number) => sessions[sessionOf(turn)] ?? "";

/** INCR counts and limits nothing: the least that a limiter on Redis has to do. */
export function rawIncr(open: OpenRawClient, clients: "many" | "one"): Contender {
  const keyAt = (turn: number) => counterKey(clients === "many" ? turn : 0);
  return {
    async check(server) {
      const client = await open(server);
      const counts = await Promise.all([1, 2, 3].map(() => client.incr(`raw:check:${process.pid}`)));
      await client.close();
      if (counts.join() !== "1,2,3") throw new Error(`INCR counted ${counts.join()}.`);
    },
    async open(server): Promise<Subject> {
      const client = await open(server);
      return { operation: async (turn) => (await client.incr(keyAt(turn))) > 0, close: () => client.close() };
    },
  };
}

async function withSessions(open: OpenRawClient, server: Server): Promise<RawClient> {
  const client = await open(server);
  await Promise.all(sessions.map((key, at) => client.set(key, JSON.stringify(sampleSession(at)))));
  return client;
}

/** GET and JSON.parse of the data that a session of ours holds. */
export function rawGet(open: OpenRawClient): Contender {
  const get = async (client: RawClient, turn: number) => {
    const text = await client.get(sessionKey(turn));
    return text === null ? undefined : JSON.parse(text);
  };
  return {
    async check(server) {
      const client = await withSessions(open, server);
      const read = await get(client, 5);
      await client.close();
      if (!sameSession(read, sampleSession(sessionOf(5)))) throw new Error("It read another session than was written.");
    },
    async open(server) {
      const client = await withSessions(open, server);
      return { operation: async (turn) => (await get(client, turn)) !== undefined, close: () => client.close() };
    },
  };
}

/** A bare EXPIRE. */
export function rawExpire(open: OpenRawClient): Contender {
  const expire = async (client: RawClient, turn: number) => (await client.expire(sessionKey(turn), 3_600)) === 1;
  return {
    async check(server) {
      const client = await withSessions(open, server);
      const extended = await expire(client, 5);
      await client.close();
      if (!extended) throw new Error("EXPIRE found no key.");
    },
    async open(server) {
      const client = await withSessions(open, server);
      return { operation: (turn) => expire(client, turn), close: () => client.close() };
    },
  };
}
