// A replica answers nothing, reads included: it may not have heard yet of a revoked session or a used payment. One that takes
// writes (replica-read-only no) loses them at its next synchronization, so that a payment would be served twice.
import { setTimeout as sleep } from "node:timers/promises";
import type { Stores, VerificationStore } from "@tollbooth-stores/core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { connectionScene, outcomeOf, worksAgain } from "./connection-scene.ts";
import { demote, promote } from "./replication.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { startReplica } from "./start-replica.ts";
import { until } from "./until.ts";

const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "fixed-window", limit: 1, windowMs: 600_000 },
} as const;
const session = { data: 1, subject: "subject", idleTtlMs: 600_000, quotas: { calls: 5n } };
const request = { token: "t", fingerprint: "f", retainUntilMs: 0 };
const claimed = { ...request, leaseMs: 600_000, onLeaseExpiry: "retry" } as const;
const lease = { token: "t", fence: "1" } as Parameters<VerificationStore["renew"]>[1];

/** Calls that write nothing, by name. They find the records of `prepare`. */
const reads: Readonly<Record<string, (stores: Stores, sessionId: string) => Promise<unknown>>> = {
  "rateLimits.peek": ({ rateLimits }) => rateLimits.peek(check),
  "rateLimits.consume, denied": ({ rateLimits }) => rateLimits.consume(check),
  "rateLimits.consumeAll, denied": ({ rateLimits }) => rateLimits.consumeAll([check]),
  "sessions.get": ({ sessions }, id) => sessions.get(id),
  "sessions.get, of none": ({ sessions }) => sessions.get("a-session-that-is-not-there"),
  "sessions.getMany": ({ sessions }, id) => sessions.getMany([id, "a-session-that-is-not-there"]),
  "sessions.listBySubject": ({ sessions }) => first(sessions.listBySubject("subject")),
  "sessions.update, in conflict": ({ sessions }, id) => sessions.update(id, 2, { ifVersion: 1 }),
  "sessions.debit, of too much": ({ sessions }, id) => sessions.debit(id, { quota: "calls", amount: 9n }),
  "verifications.peek": ({ verifications }) => verifications.peek("held"),
  "verifications.peek, of none": ({ verifications }) => verifications.peek("not there"),
  "verifications.claim, in progress": ({ verifications }) => verifications.claim("held", { ...claimed, token: "u" }),
  "verifications.markOnce, marked": ({ verifications }) => verifications.markOnce("once", { ...request, token: "u" }),
  "verifications.unresolved": ({ verifications }) => first(verifications.unresolved()),
};

/** Calls that would write, by name. */
const writes: typeof reads = {
  "rateLimits.consume": ({ rateLimits }) => rateLimits.consume({ ...check, client: "another" }),
  "rateLimits.consumeAll": ({ rateLimits }) => rateLimits.consumeAll([{ ...check, client: "another" }]),
  "rateLimits.charge": ({ rateLimits }) => rateLimits.charge(check),
  "rateLimits.block": ({ rateLimits }) => rateLimits.block(check, 600_000),
  "rateLimits.reset": ({ rateLimits }) => rateLimits.reset(check),
  "sessions.create": ({ sessions }) => sessions.create(session),
  "sessions.get, touching": ({ sessions }, id) => sessions.get(id, { touch: true }),
  "sessions.touch": ({ sessions }, id) => sessions.touch(id),
  "sessions.modify": ({ sessions }, id) => sessions.modify(id, () => 2),
  "sessions.rotate": ({ sessions }, id) => sessions.rotate(id),
  "sessions.credit": ({ sessions }, id) => sessions.credit(id, { opId: "o", extendMs: 1 }),
  "sessions.debit": ({ sessions }, id) => sessions.debit(id, { quota: "calls", amount: 1n }),
  "sessions.delete": ({ sessions }, id) => sessions.delete(id),
  "sessions.deleteBySubject": ({ sessions }) => sessions.deleteBySubject("subject"),
  "verifications.claim": ({ verifications }) => verifications.claim("free", claimed),
  "verifications.markOnce": ({ verifications }) => verifications.markOnce("unmarked", request),
  "verifications.renew": ({ verifications }) => verifications.renew("held", lease, 600_000),
  "verifications.note": ({ verifications }) => verifications.note("held", lease, "evidence"),
  "verifications.complete": ({ verifications }) =>
    verifications.complete("held", lease, { outcome: "accepted", value: "v", retainUntilMs: 0 }),
  "verifications.release": ({ verifications }) => verifications.release("held", lease),
  "verifications.markUnknown": ({ verifications }) => verifications.markUnknown("held", lease, "evidence"),
  "verifications.reconcile": ({ verifications }) => verifications.reconcile("doubt", { token: "u", leaseMs: 600_000 }),
  "verifications.settle": ({ verifications }) => verifications.settle("held", { receipt: "r" }),
  "verifications.deliver": ({ verifications }) => verifications.deliver("held", { token: "d", keptForMs: 600_000 }),
  "verifications.undeliver": ({ verifications }) => verifications.undeliver("held", "d"),
  "verifications.expire": ({ verifications }) => verifications.expire("doubt", { reason: "r" }),
};

async function first(listed: AsyncIterable<unknown>): Promise<unknown> {
  for await (const each of listed) return each;
  return undefined;
}

/** What the reads find. Returns a session's id. */
async function prepare({ rateLimits, sessions, verifications }: Stores): Promise<string> {
  await rateLimits.consume(check);
  const { record } = await sessions.create(session);
  await verifications.markOnce("once", request);
  await verifications.claim("held", claimed);
  const doubt = await verifications.claim("doubt", claimed);
  if (doubt.status !== "claimed") throw new Error("The key was not claimed.");
  await verifications.markUnknown("doubt", doubt.lease, "evidence");
  return record.id;
}

/** Registers the tests. `borrow`: a client of the caller's. */
export function replicaSuite<Client>(
  provider: ClientProvider<Client>,
  borrow: (endpoint: RunningRedis) => Client,
): void {
  readOnlyReplicaSuite(provider);
  writableReplicaSuite(provider, borrow);
}

function readOnlyReplicaSuite<Client>({ name, create }: ClientProvider<Client>): void {
  describe(`${name} on a read-only replica`, () => {
    let primary: RunningRedis;
    let replica: RunningRedis;
    let id: string;
    const opened = ({ url }: RunningRedis): Stores => {
      const stores = create.stores({ connection: { url }, keyPrefix: "replica", commandTimeoutMs: 5_000 });
      onTestFinished(() => stores.close());
      return stores;
    };
    /** How much the primary has sent to its replicas, in bytes. */
    const replicated = async () =>
      /master_repl_offset:(\d+)/.exec(String(await primary.command("INFO", "replication")))?.[1];
    beforeAll(async () => {
      // No PING of its own: whatever is replicated comes from a call.
      primary = await startRedis({ config: ["repl-ping-replica-period 3600"] });
      const stores = create.stores({ connection: { url: primary.url }, keyPrefix: "replica", commandTimeoutMs: 5_000 });
      id = await prepare(stores);
      await stores.close();
      replica = await startRedis({ config: [`replicaof ${primary.host} ${primary.port}`] });
      await until(async () => String(await replica.command("INFO", "replication")).includes("master_link_status:up"));
    });
    afterAll(() => Promise.all([replica.stop(), primary.stop()]));

    it.each(Object.entries({ ...reads, ...writes }))("refuses %s", async (_, call) => {
      await expect(call(opened(replica), id)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        outcome: "not-applied",
        message: expect.stringMatching(/read-only replica.*primary/),
      });
    });

    it("answers ping, which needs no record", async () => {
      await opened(replica).ping();
    });

    it.each(Object.entries(reads))("sends replicas nothing for %s on the primary", async (_, call) => {
      const before = await replicated();
      await call(opened(primary), id);
      expect(await replicated()).toBe(before);
    });
  });
}

function writableReplicaSuite<Client>(
  provider: ClientProvider<Client>,
  borrow: (endpoint: RunningRedis) => Client,
): void {
  const [keyPrefix, commandTimeoutMs] = ["replica", 5_000];
  const refused = {
    code: "STORE_UNAVAILABLE",
    outcome: "not-applied",
    message: expect.stringMatching(/replica that takes writes.*primary/),
  };
  const mark = ({ verifications }: Stores, key: string) => verifications.markOnce(key, request);
  /** Eight callers with one call after the other, of two scripts: calls of one script would travel as a single one. */
  const busyCallers = (stores: Stores) => {
    const calls: { sentAtMs: number; outcome: string }[] = [];
    let isOver = false;
    const call = async (_: unknown, caller: number) => {
      for (let nth = 0; !isOver; nth++) {
        const sentAtMs = performance.now();
        const key = `${caller} ${nth}`;
        const work = caller % 2 === 0 ? mark(stores, key) : stores.verifications.claim(key, claimed);
        calls.push({ sentAtMs, outcome: await outcomeOf(work) });
      }
    };
    const ended = Promise.all(Array.from({ length: 8 }, call));
    const stop = async () => {
      isOver = true;
      await ended;
      return calls;
    };
    onTestFinished(() => void stop());
    return { answered: () => calls.length, stop };
  };

  describe(`${provider.name} on a replica that takes writes`, () => {
    let primary: RunningRedis;
    let replica: RunningRedis;
    const used: Readonly<Record<string, () => Stores>> = {
      "a connection of its own": () =>
        provider.create.stores({ connection: { url: replica.url }, keyPrefix, commandTimeoutMs }),
      "a client of the caller's": () =>
        provider.create.stores({ client: borrow(replica), keyPrefix, commandTimeoutMs }),
    };
    beforeAll(async () => {
      primary = await startRedis();
      replica = await startReplica(primary, { config: ["replica-read-only no"] });
    });
    afterAll(() => Promise.all([replica.stop(), primary.stop()]));

    describe.each(Object.entries(used))("over %s", (_, opened) => {
      it("refuses every call but ping", async () => {
        const stores = opened();
        onTestFinished(() => stores.close());
        await stores.ping();
        for (const call of [...Object.values(reads), ...Object.values(writes), () => stores.check()]) {
          await expect(call(stores, "a-session-that-is-not-there")).rejects.toMatchObject(refused);
        }
        expect(await replica.command("DBSIZE")).toBe(0);
      });

      it("refuses a connection that is made after it was a primary, and has the scripts", async () => {
        await promote(replica);
        const before = opened();
        await mark(before, "before");
        await before.close();
        await demote(replica, primary);
        const stores = opened();
        onTestFinished(() => stores.close());
        await expect(mark(stores, "after")).rejects.toMatchObject(refused);
      });

      it("refuses calls over a running connection soon after it is demoted, and takes them when it is a primary again", async () => {
        await promote(replica);
        const stores = opened();
        onTestFinished(() => stores.close());
        await mark(stores, "before");
        const callers = busyCallers(stores);
        await until(async () => callers.answered() > 80);
        await demote(replica, primary);
        const demotedAtMs = performance.now();
        // Longer than one proof of its role counts.
        await sleep(150);
        const late = (await callers.stop()).filter(({ sentAtMs }) => sentAtMs > demotedAtMs + 100);
        expect(late.length).toBeGreaterThan(0);
        expect(late.filter(({ outcome }) => outcome === "ok")).toHaveLength(0);
        const size = await replica.command("DBSIZE");
        for (const key of ["first", "second"]) await expect(mark(stores, key)).rejects.toMatchObject(refused);
        await expect(stores.verifications.peek("before")).rejects.toMatchObject(refused);
        expect(await replica.command("DBSIZE")).toBe(size);
        await promote(replica);
        await until(async () => (await outcomeOf(mark(stores, "after"))) === "ok");
        await demote(replica, primary);
      });

      it("says so in check() where it was a primary", async () => {
        await promote(replica);
        const stores = opened();
        onTestFinished(() => stores.close());
        await stores.check();
        await mark(stores, "before");
        await demote(replica, primary);
        await expect(stores.check()).rejects.toMatchObject(refused);
        await replica.command("CLIENT", "KILL", "TYPE", "normal");
        // A client of the caller's may send by itself again what was on its way.
        await until(async () => (await outcomeOf(stores.ping())) === "ok");
        await expect(mark(stores, "after")).rejects.toMatchObject(refused);
        expect(await replica.command("DBSIZE")).toBe(0);
      });
    });

    it("refuses calls from that check() on, over a connection of its own, until it is a primary again", async () => {
      await promote(replica);
      const stores = await connectionScene(provider, onTestFinished).connected(
        { url: replica.url },
        { commandTimeoutMs },
      );
      await mark(stores, "before");
      await demote(replica, primary);
      await expect(stores.check()).rejects.toMatchObject(refused);
      await expect(mark(stores, "after")).rejects.toMatchObject(refused);
      await promote(replica);
      await worksAgain(stores, 3_000);
      await demote(replica, primary);
    });
  });
}
