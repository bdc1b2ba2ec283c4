// The check before a measurement catches a limiter, a lock or a store that does not do its work.
import { createMemoryStores, type Stores } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import type { Server } from "../measuring/subject.ts";
import { claimsContender, ourClaims } from "./claims.ts";
import { checkLimiter, type OpenLimiter } from "./limiter.ts";
import { ourLimiter } from "./our-limiter.ts";
import { ourSessionDebit, ourSessionGet, ourSessionTouch } from "./our-sessions.ts";
import { ourPayments } from "./payments.ts";
import { expressInMemory, flexibleInMemory } from "./peer-limiters.ts";
import { type RawClient, rawExpire, rawGet, rawIncr } from "./raw-commands.ts";
import { ourThreeLimits } from "./three-limits.ts";

const none: Server = { kind: "none" };
const openMemory = async () => createMemoryStores();

/** A limiter that decides by how often it was asked for a client, and in all. */
const counting =
  (allows: (ofClient: number, inAll: number) => boolean): OpenLimiter =>
  async () => {
    const counts = new Map<string, number>();
    let inAll = 0;
    return {
      async consume(client) {
        inAll += 1;
        const count = (counts.get(client) ?? 0) + 1;
        counts.set(client, count);
        return allows(count, inAll);
      },
      close: async () => {},
    };
  };

test("a limiter that admits exactly the limit of each client is measured", async () => {
  await checkLimiter(
    counting((ofClient) => ofClient <= 5),
    none,
  );
});

test.each<[string, OpenLimiter]>([
  ["admits all", counting(() => true)],
  ["denies all", counting(() => false)],
  ["admits one too many", counting((ofClient) => ofClient <= 6)],
  ["admits one too few", counting((ofClient) => ofClient <= 4)],
  ["takes all clients for one", counting((_, inAll) => inAll <= 5)],
  ["forgets a client that asks again", counting((ofClient) => ofClient <= 5 || ofClient > 20)],
])("a limiter that %s is caught", async (_, open) => {
  await expect(checkLimiter(open, none)).rejects.toThrow("It admitted");
});

test.each<[string, OpenLimiter]>([
  ["our fixed window", ourLimiter(openMemory)],
  ["our sliding window", ourLimiter(openMemory, "sliding-window")],
  ["our token bucket", ourLimiter(openMemory, "token-bucket")],
  ["our three limits", ourThreeLimits(openMemory)],
  ["rate-limiter-flexible in memory", flexibleInMemory],
])("%s limits", async (_, open) => {
  await checkLimiter(open, none);
});

test("express-rate-limit in memory limits calls one after the other, and denies all of one tick", async () => {
  await checkLimiter(expressInMemory, none, "in-sequence");
  await expect(checkLimiter(expressInMemory, none)).rejects.toThrow("It admitted 0 of 20");
});

test("a lock that two callers hold is caught", async () => {
  await claimsContender(ourClaims(openMemory)).check(none);
  const held = async () => ({ begin: async () => ({ end: async () => true }), close: async () => {} });
  await expect(claimsContender(held).check(none)).rejects.toThrow("20 of 20 callers");
});

test("payments that are delivered fresh more than once are caught", async () => {
  await ourPayments(openMemory).check(none);
  /** Each caller gets a store of its own, as two instances on memory do. */
  const apart = async (): Promise<Stores> => {
    const stores = createMemoryStores();
    return Object.defineProperty({ ...stores }, "verifications", { get: () => createMemoryStores().verifications });
  };
  await expect(ourPayments(apart).check(none)).rejects.toThrow("fresh 5 times");
});

/** Our stores on memory with some methods of sessions replaced. */
const openBroken =
  (replaced: (sessions: Stores["sessions"]) => Partial<Stores["sessions"]>) => async (): Promise<Stores> => {
    const stores = createMemoryStores();
    return { ...stores, sessions: { ...stores.sessions, ...replaced(stores.sessions) } };
  };
const ok = { status: "ok" as const };

test("sessions that read, touch and spend are measured", async () => {
  await ourSessionGet(openMemory).check(none);
  await ourSessionTouch(openMemory).check(none);
  await ourSessionDebit(openMemory).check(none);
});

test("sessions that answer without having done it are caught", async () => {
  const misread = openBroken((sessions) => ({
    get: async (id) => {
      const record = await sessions.get(id);
      return record && { ...record, data: {} };
    },
  }));
  await expect(ourSessionGet(misread).check(none)).rejects.toThrow("another session");
  const untouched = openBroken(() => ({ touch: async () => ({ ...ok, expiresAtMs: 1 }) }));
  await expect(ourSessionTouch(untouched).check(none)).rejects.toThrow("moved no expiry");
  const unspent = openBroken(() => ({ debit: async () => ({ ...ok, remaining: 1n, replayed: false }) }));
  await expect(ourSessionDebit(unspent).check(none)).rejects.toThrow("spent nothing");
});

test("a session store that answers for a deleted session is caught", async () => {
  const undead = openBroken((sessions) => ({
    delete: async () => true,
    get: (id) => sessions.get(id),
  }));
  await expect(ourSessionGet(undead).check(none)).rejects.toThrow("that was deleted");
});

test("a client that does not do the command is caught", async () => {
  const lazy = async (): Promise<RawClient> => ({
    incr: async () => 1,
    get: async () => "{}",
    set: async () => "OK",
    expire: async () => 0,
    close: async () => {},
  });
  await expect(rawIncr(lazy, "many").check(none)).rejects.toThrow("INCR counted 1,1,1");
  await expect(rawGet(lazy).check(none)).rejects.toThrow("another session");
  await expect(rawExpire(lazy).check(none)).rejects.toThrow("found no key");
});
