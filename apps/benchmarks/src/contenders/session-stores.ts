// Session stores: ours, connect-redis and @keyv/redis, reading, touching and spending.

import KeyvRedis from "@keyv/redis";
import type { SessionStore, Stores } from "@tollbooth-stores/core";
import { RedisStore } from "connect-redis";
import type { Contender, Server, Subject } from "../measuring/subject.ts";
import { SESSIONS, sessionOf } from "../measuring/subject.ts";
import { openNodeRedis } from "./clients.ts";
import type { OpenStores } from "./our-stores.ts";
import { type OpenRawClient, rawClients } from "./raw-commands.ts";
import { sameSession, sampleSession } from "./sample-session.ts";

const HOUR_MS = 3_600_000;
const QUOTA = 2n ** 62n;

async function withOurSessions(open: OpenStores, server: Server): Promise<{ stores: Stores; ids: string[] }> {
  const stores = await open(server);
  const ids: string[] = [];
  // In parts: all calls at once would measure the deadline.
  for (let at = 0; at < SESSIONS; at += 200) {
    const part = Array.from({ length: 200 }, (_, step) =>
      stores.sessions.create({ data: sampleSession(at + step), idleTtlMs: HOUR_MS, quotas: { calls: QUOTA } }),
    );
    ids.push(...(await Promise.all(part)).map(({ record }) => record.id));
  }
  return { stores, ids };
}

type Use = (sessions: SessionStore, id: string) => Promise<boolean>;

/** The first calls must do what is measured: `proves` reads the session after a call. */
function ourSessions(
  open: OpenStores,
  use: Use,
  proves: (sessions: SessionStore, id: string) => Promise<void>,
): Contender {
  return {
    async check(server) {
      const stores = await open(server);
      const { record } = await stores.sessions.create({
        data: sampleSession(7),
        idleTtlMs: HOUR_MS,
        quotas: { calls: QUOTA },
      });
      try {
        await proves(stores.sessions, record.id);
        await stores.sessions.delete(record.id);
        if (await use(stores.sessions, record.id)) throw new Error("It answered for a session that was deleted.");
      } finally {
        await stores.close();
      }
    },
    async open(server): Promise<Subject> {
      const { stores, ids } = await withOurSessions(open, server);
      return {
        operation: (turn) => use(stores.sessions, ids[sessionOf(turn)] ?? ""),
        close: () => stores.close(),
      };
    },
  };
}

export function ourSessionGet(open: OpenStores): Contender {
  const get: Use = async (sessions, id) => (await sessions.get(id)) !== null;
  return ourSessions(open, get, async (sessions, id) => {
    if (!sameSession((await sessions.get(id))?.data, sampleSession(7))) {
      throw new Error("It read another session than was written.");
    }
  });
}

export function ourSessionTouch(open: OpenStores): Contender {
  const touch: Use = async (sessions, id) => (await sessions.touch(id)).status === "ok";
  return ourSessions(open, touch, async (sessions, id) => {
    const before = (await sessions.get(id))?.expiresAtMs ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await sessions.touch(id);
    const after = (await sessions.get(id))?.expiresAtMs ?? 0;
    if (!(after > before)) throw new Error("A touch moved no expiry.");
  });
}

export function ourSessionDebit(open: OpenStores): Contender {
  const spend = { quota: "calls", amount: 1n };
  const debit: Use = async (sessions, id) => (await sessions.debit(id, spend)).status === "ok";
  return ourSessions(open, debit, async (sessions, id) => {
    await sessions.debit(id, spend);
    if ((await sessions.get(id))?.quotas?.calls !== QUOTA - 1n) throw new Error("A debit spent nothing.");
  });
}

/** connect-redis's data: what express-session hands it. */
const expressSession = (at: number) => ({ cookie: { originalMaxAge: HOUR_MS }, ...sampleSession(at) });

const PREFIX = "sess:";
const connectKeys = Array.from({ length: SESSIONS }, (_, at) => `express-${at}`);

/** Its `set` needs node-redis, so a client of its own writes the sessions; `get` and `touch` go to either client. */
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
      const read = await store.get("express-7");
      await client.close();
      if (read?.user?.id !== 7) throw new Error("It read another session than was written.");
    },
    async open(server) {
      const { client, store } = await withConnectSessions(open, server);
      return {
        operation: async (turn) => (await store.get(connectKeys[sessionOf(turn)] ?? "")) !== null,
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
      await store.touch("express-7", touched);
      const probe = await openNodeRedis(server);
      const seconds = await probe.ttl(`${PREFIX}express-7`);
      await probe.close();
      await client.close();
      if (!(seconds > 0)) throw new Error("A touch moved no expiry.");
    },
    async open(server) {
      const { client, store } = await withConnectSessions(open, server);
      const operation = async (turn: number) => {
        await store.touch(connectKeys[sessionOf(turn)] ?? "", touched);
        return true;
      };
      return { operation, close: () => client.close() };
    },
  };
}

/** @keyv/redis itself, with the JSON that Keyv would make of the value. */
export function keyvRedisGet(): Contender {
  const open = async (server: Server) => {
    if (server.kind !== "single") throw new Error("This contender needs one Redis.");
    const adapter = new KeyvRedis<string>(server.url);
    const entries = connectKeys.map((key, at) => ({ key: `keyv-${key}`, value: JSON.stringify(sampleSession(at)) }));
    for (const { key, value } of entries) await adapter.set(key, value, HOUR_MS);
    return adapter;
  };
  const get = async (adapter: KeyvRedis<string>, key: string) => {
    const text = await adapter.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  };
  return {
    async check(server) {
      const adapter = await open(server);
      const read = await get(adapter, "keyv-express-7");
      await adapter.disconnect();
      if (!sameSession(read, sampleSession(7))) throw new Error("It read another session than was written.");
    },
    async open(server) {
      const adapter = await open(server);
      return {
        operation: async (turn) => (await get(adapter, `keyv-${connectKeys[sessionOf(turn)]}`)) !== undefined,
        close: async () => void (await adapter.disconnect()),
      };
    },
  };
}

/** Both clients, as connect-redis is given them. */
export const connectClients = {
  "connect-redis/ioredis": rawClients["raw/ioredis"],
  "connect-redis/node-redis": rawClients["raw/node-redis"],
};
