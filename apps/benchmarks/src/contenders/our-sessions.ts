// Our sessions as a contender: reading, touching and spending.
import type { SessionStore, Stores } from "@tollbooth-stores/core";
import { type Contender, SESSIONS, type Server, type Subject, sessionOf } from "../measuring/subject.ts";
import type { OpenStores } from "./our-stores.ts";
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

/** Checks the first calls: `proves` reads the session after one and says whether the call did its work. */
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
