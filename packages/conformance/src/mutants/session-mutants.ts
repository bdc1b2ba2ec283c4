// One broken session store for each numbered property.
import { isStoreError, type SessionStore } from "@tollbooth-stores/core";
import { issuedIdMutants, separateInstances } from "./issued-id-mutants.ts";
import { brokenHarness, brokenPort, brokenStore, type Mutant, rewriting, withoutAtomicity } from "./mutant.ts";
import type { Reference } from "./reference.ts";
import { creating, live } from "./session-create.ts";
import { sessionScaleMutants } from "./session-scale-mutants.ts";

const sessions = ({ harnesses }: Reference) => harnesses.sessions;
const store = (caughtBy: string, title: string, broken: Parameters<typeof brokenStore<SessionStore>>[3]) =>
  brokenStore(sessions, caughtBy, title, broken);
const port = (caughtBy: string, title: string, broken: Parameters<typeof brokenPort<SessionStore>>[3]) =>
  brokenPort(sessions, caughtBy, title, broken);

const isOperations = (key: string) => /:o:/.test(key);
const isSession = (key: string) => /:s:/.test(key);

export const sessionMutants: readonly Mutant<SessionStore>[] = [
  port("sessions/1a", "reads, decides and writes in three turns", withoutAtomicity),
  brokenHarness(sessions, "sessions/1b", "keeps the sessions of each instance apart", separateInstances),
  ...issuedIdMutants,
  ...sessionScaleMutants,
  port("sessions/1c", "keeps sessions for a second longer than it says", (map) =>
    rewriting(map, (record) => ({ ...record, endsAtMs: record.endsAtMs + 1_000 })),
  ),
  store("sessions/2a", "creates what an update does not find", ({ right }) => ({
    async update(id, data, options) {
      const answer = await right.update(id, data, options);
      if (answer.status === "missing")
        await right.credit(id, { opId: "update", extendMs: 1_000, createWith: { data } });
      return answer;
    },
  })),
  store("sessions/2b", "ignores a version that is too high", ({ right }) => ({
    async update(id, data, options) {
      const answer = await right.update(id, data, options);
      if (answer.status !== "conflict" || answer.current.version > options.ifVersion) return answer;
      return right.update(id, data, { ifVersion: answer.current.version });
    },
  })),
  store("sessions/2c", "extends a session at a conflict", ({ right }) => ({
    async update(id, data, options) {
      const answer = await right.update(id, data, options);
      if (answer.status === "conflict") await right.touch(id);
      return answer;
    },
  })),
  port("sessions/2d", "reads, decides and writes an update in three turns", withoutAtomicity),
  store("sessions/2e", "counts versions from 1", ({ right }) => {
    const firsts = new Map<string, number>();
    const from1 = <R extends { id: string; version: number }>(record: R): R => {
      const first = firsts.get(record.id) ?? record.version;
      firsts.set(record.id, first);
      return { ...record, version: record.version - first + 1 };
    };
    return {
      create: creating(right, {
        before: (input) => {
          if (input.id !== undefined) firsts.delete(input.id);
          return input;
        },
        after: from1,
      }),
      async update(id, data, { ifVersion }) {
        const answer = await right.update(id, data, { ifVersion: ifVersion + (firsts.get(id) ?? 1) - 1 });
        if (answer.status === "ok") return { ...answer, record: from1(answer.record) };
        return answer.status === "conflict" ? { ...answer, current: from1(answer.current) } : answer;
      },
    };
  }),
  store("sessions/3a", "writes what modify made without looking again", ({ right }) => ({
    async modify(id, change) {
      const before = await right.get(id);
      if (before === null) return { status: "missing" };
      const data = await change(before.data);
      const now = await live(right, id);
      const answer = await right.update(id, data, { ifVersion: now.version });
      return answer.status === "conflict" ? { status: "contended" } : answer;
    },
  })),
  store("sessions/3b", "gives modify up at the first conflict", ({ right }) => ({
    modify: (id, change, options) => right.modify(id, change, { ...options, retries: 0 }),
  })),
  store("sessions/4a", "brings a session back by touching it", ({ right }) => ({
    async touch(id) {
      const answer = await right.touch(id);
      return answer.status === "missing" ? { status: "ok", expiresAtMs: 0 } : answer;
    },
  })),
  port("sessions/4b", "touches past the absolute deadline", (map) =>
    rewriting(map, (record, key) => {
      const { body } = record;
      if (!isSession(key) || typeof body !== "object" || body === null || !("absoluteExpiresAtMs" in body))
        return record;
      const { absoluteExpiresAtMs: _, ...rest } = body;
      return { endsAtMs: record.endsAtMs, body: rest };
    }),
  ),
  store("sessions/4c", "extends a session at each update", ({ right }) => ({
    async update(id, data, options) {
      const answer = await right.update(id, data, options);
      await right.touch(id);
      return answer;
    },
  })),
  store("sessions/5a", "forgets the quotas at an update", ({ right }) => ({
    async update(id, data, options) {
      const answer = await right.update(id, data, options);
      if (answer.status !== "ok") return answer;
      const { quotas: _, ...record } = answer.record;
      return { status: "ok", record };
    },
  })),
  port("sessions/5b", "ends sessions a millisecond early", (map) =>
    rewriting(map, (record, key) => (isSession(key) ? { ...record, endsAtMs: record.endsAtMs - 1 } : record)),
  ),
  port("sessions/6a", "remembers no opId", (map) =>
    rewriting(map, (record, key) => (isOperations(key) ? undefined : record)),
  ),
  port("sessions/6b", "remembers opIds for an hour", (map, { clock }) =>
    rewriting(map, (record, key) =>
      isOperations(key) ? { ...record, endsAtMs: Math.min(record.endsAtMs, clock.now() + 3_600_000) } : record,
    ),
  ),
  store("sessions/6c", "gives a bought session idle time", ({ right }) => ({
    credit: (id, grant) =>
      right.credit(id, {
        ...grant,
        createWith: grant.createWith && { idleTtlMs: 3_600_000, ...grant.createWith },
      }),
  })),
  store("sessions/6d", "credits as much as fits below the absolute deadline", ({ right }) => ({
    async credit(id, grant) {
      try {
        return await right.credit(id, grant);
      } catch (error) {
        if (!isStoreError(error, "STORE_INVALID_ARGUMENT") || grant.extendMs === undefined) throw error;
        return right.credit(id, { ...grant, extendMs: 1 });
      }
    },
  })),
  store("sessions/7a", "counts quotas in doubles", ({ right }) => ({
    async get(id, options) {
      const record = await right.get(id, options);
      if (record?.quotas === undefined) return record;
      const rounded = Object.entries(record.quotas).map(([name, amount]) => [name, BigInt(Number(amount))] as const);
      return { ...record, quotas: Object.fromEntries(rounded) };
    },
  })),
  store("sessions/7b", "takes what is there when it is not enough", ({ right }) => ({
    async debit(id, spend) {
      const answer = await right.debit(id, spend);
      if (answer.status === "insufficient" && answer.remaining > 0n) {
        await right.debit(id, { quota: spend.quota, amount: answer.remaining });
      }
      return answer;
    },
  })),
  store("sessions/7c", "takes a negative amount for a credit", ({ right }) => ({
    async debit(id, spend) {
      if (spend.amount >= 0n) return right.debit(id, spend);
      await right.credit(id, { opId: `negative ${Math.random()}`, quotas: { [spend.quota]: -spend.amount } });
      return { status: "ok", remaining: 0n, replayed: false };
    },
  })),
  store("sessions/8a", "leaves the old id alive after a rotation", ({ right }) => {
    const successors = new Map<string, string>();
    return {
      async rotate(id) {
        const answer = await right.rotate(id);
        if (answer.status === "ok") successors.set(id, answer.record.id);
        return answer;
      },
      get: (id, options) => right.get(successors.get(id) ?? id, options),
    };
  }),
  port("sessions/8b", "reads, decides and writes a rotation in three turns", withoutAtomicity),
  store("sessions/9a", "takes a subject's name for a pattern", ({ right }) => {
    const subjects = new Set<string>();
    return {
      create: creating(right, {
        before: (input) => {
          if (input.subject !== undefined) subjects.add(input.subject);
          return input;
        },
      }),
      async deleteBySubject(subject, options) {
        const { deleted } = await right.deleteBySubject(subject, options);
        if (subject.endsWith("*")) {
          for (const other of subjects)
            if (other.startsWith(subject.slice(0, -1))) await right.deleteBySubject(other, options);
        }
        return { deleted };
      },
    };
  }),
  store("sessions/9b", "deletes what it had listed, and looks no more", ({ right }) => ({
    async deleteBySubject(subject) {
      const handles: string[] = [];
      for await (const { handle } of right.listBySubject(subject)) handles.push(handle);
      const gone = await Promise.all(handles.map((handle) => right.delete({ handle })));
      return { deleted: gone.filter(Boolean).length };
    },
  })),
  port("sessions/9c", "never forgets an index", (map) =>
    rewriting(map, (record, key) =>
      key.endsWith(":i") ? { ...record, endsAtMs: record.endsAtMs + 3_600_000 } : record,
    ),
  ),
  port("sessions/9c", "never prunes the index", (map) => {
    const everything = new Map<string, unknown[]>();
    return rewriting(map, (record, key) => {
      if (!key.endsWith(":i")) return record;
      const versions = [...(everything.get(key) ?? []), record.body];
      everything.set(key, versions);
      return { ...record, body: [...(Array.isArray(record.body) ? record.body : []), ...versions.flat()] };
    });
  }),
  store("sessions/10a", "notes the id beside the session", ({ right, port: map, namespace, clock }) => ({
    create: creating(right, {
      after(record) {
        map.put(`${namespace}:id:${map.records.size}`, { endsAtMs: clock.now() + 1_000, body: record.id });
        return record;
      },
    }),
  })),
  store("sessions/10b", "names the id in its errors", ({ right }) => ({
    async debit(id, spend) {
      try {
        return await right.debit(id, spend);
      } catch (error) {
        throw Object.assign(error instanceof Error ? error : new Error("failed"), { session: id });
      }
    },
  })),
  store("sessions/10c", "takes a handle for an id", ({ right }) => ({
    async get(id, options) {
      const record = await right.get(id, options);
      return record ?? (id.length > 20 ? { id, data: 0, version: 1, createdAtMs: 0, expiresAtMs: 0 } : null);
    },
  })),
  store("sessions/10d", "hands out what it keeps", ({ right }) => {
    const kept = new Map<string, Awaited<ReturnType<SessionStore["get"]>>>();
    return {
      async get(id, options) {
        const record = kept.get(id) ?? (await right.get(id, options));
        kept.set(id, record);
        return record;
      },
    };
  }),
  store("sessions/11a", "reads each id of getMany once", ({ right }) => ({
    getMany: (ids) => right.getMany([...new Set(ids)]),
  })),
  store("sessions/11b", "loses empty lists on the way", ({ right }) => ({
    async get(id, options) {
      const record = await right.get(id, options);
      if (record === null) return null;
      const data: unknown = JSON.parse(JSON.stringify(record.data).replaceAll("[]", "{}"));
      return { ...record, data };
    },
  })),
  store("sessions/11c", "carries what JSON makes of it", ({ right }) => ({
    create: creating(right, {
      before: (input) => ({
        ...input,
        data: typeof input.data === "bigint" ? 1 : JSON.parse(JSON.stringify(input.data) ?? "null"),
      }),
    }),
  })),
  store("sessions/12a", "counts characters instead of bytes", ({ right }) => ({
    update: async (id, data, options) =>
      typeof data === "string" && data.charCodeAt(0) > 255
        ? right.update(id, "cut", options)
        : right.update(id, data, options),
  })),
  store("sessions/12b", "takes unreadable bytes for none", ({ right }) => ({
    get: (id, options) =>
      right.get(id, options).catch((error: unknown) => {
        if (isStoreError(error, "STORE_CORRUPT")) return null;
        throw error;
      }),
  })),
  port("sessions/13", "remembers no debit", (map) =>
    rewriting(map, (record, key) => (isOperations(key) ? undefined : record)),
  ),
  store("sessions/model", "tells a later expiry than there is from the third touch on", ({ right }) => {
    let touches = 0;
    return {
      async touch(id) {
        touches += 1;
        const answer = await right.touch(id);
        return answer.status === "ok" && touches > 2 ? { ...answer, expiresAtMs: answer.expiresAtMs + 1 } : answer;
      },
    };
  }),
];
