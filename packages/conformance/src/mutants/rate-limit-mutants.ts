// One broken rate-limit store for each numbered property, and the harness on which the right one passes them all.
import {
  createRateLimitStore,
  isEvictable,
  type RateLimitCheck,
  type RateLimitDecision,
  type RateLimitStore,
  ruleOf,
} from "@tollbooth-stores/core";
import { mapPort } from "@tollbooth-stores/core/testing";
import type { Harness } from "../harness.ts";
import {
  boundedPort,
  type DenyCacheOptions,
  denyCacheSize,
  persistRecords,
  withDenyCache,
  withoutTtl,
} from "./fakes.ts";
import { brokenHarness, brokenPort, brokenStore, type Mutant, rewriting, withoutAtomicity } from "./mutant.ts";
import { type Reference, reference } from "./reference.ts";

/** The right store, with stand-ins for every probe that core on a Map does not have. */
export function completeRateLimits(made: Reference = reference()): Harness<RateLimitStore> {
  const { rateLimits } = made.harnesses;
  return {
    ...rateLimits,
    probes: {
      ...rateLimits.probes,
      spawn: async (namespace) => rateLimits.create(namespace),
      skewed: (namespace) => rateLimits.create(namespace),
      persist: async (namespace) => persistRecords(made, namespace),
      inspect: async (namespace) => withoutTtl((await rateLimits.probes?.inspect?.(namespace)) ?? [], made.clock),
      bounded: (keyPrefix, maxEntries) =>
        createRateLimitStore(boundedPort(made.clock, maxEntries, isEvictable, ruleOf), { keyPrefix }),
    },
  };
}

/** The right store with a default window. */
export function defaultWindowHarness(windowMs: number, made: Reference = reference()): Harness<RateLimitStore> {
  const defaults = { windowMs };
  return {
    ...completeRateLimits(made),
    create: (keyPrefix) => createRateLimitStore(made.port, { keyPrefix, defaults }, { closePort: false }),
  };
}

/** The right store behind a deny cache. */
export function denyCacheHarness(options: DenyCacheOptions, made: Reference = reference()): Harness<RateLimitStore> {
  const complete = completeRateLimits(made);
  return {
    ...complete,
    create: async (namespace) => withDenyCache(await complete.create(namespace), options),
    probes: { ...complete.probes, denyCache: { maxMs: 50, maxEntries: 20, size: denyCacheSize } },
  };
}

const store = (caughtBy: string, title: string, broken: Parameters<typeof brokenStore<RateLimitStore>>[3]) =>
  brokenStore(completeRateLimits, caughtBy, title, broken);
const port = (caughtBy: string, title: string, broken: Parameters<typeof brokenPort<RateLimitStore>>[3]) =>
  brokenPort(completeRateLimits, caughtBy, title, broken);
const harness = (caughtBy: string, title: string, broken: Parameters<typeof brokenHarness<RateLimitStore>>[3]) =>
  brokenHarness(completeRateLimits, caughtBy, title, broken);

const raised = (check: RateLimitCheck): RateLimitCheck => ({
  ...check,
  policy: { ...check.policy, limit: check.policy.limit * 100 },
});
const isDenied = (reply: unknown) =>
  typeof reply === "object" && reply !== null && "allowed" in reply && reply.allowed === false;
const wholeSeconds = (ms: number) => Math.ceil(ms / 1_000) * 1_000;

export const rateLimitMutants: readonly Mutant<RateLimitStore>[] = [
  store("rate-limits/1", "says what remained before the call", ({ right }) => ({
    async consume(check) {
      const decision = await right.consume(check);
      return { ...decision, remaining: decision.remaining + (decision.allowed ? (check.cost ?? 1) : 0) };
    },
  })),
  port("rate-limits/2a", "reads, decides and writes in three turns", withoutAtomicity),
  harness("rate-limits/2b", "counts in each instance", (_, { clock }) => ({
    create: (keyPrefix) => createRateLimitStore(mapPort(clock), { keyPrefix }),
  })),
  harness("rate-limits/2c", "counts in each process", (complete, { clock }) => ({
    probes: { ...complete.probes, spawn: async (keyPrefix) => createRateLimitStore(mapPort(clock), { keyPrefix }) },
  })),
  store("rate-limits/3a", "charges denied calls", ({ right }) => ({
    async consume(check) {
      const decision = await right.consume(check);
      if (!decision.allowed) await right.charge({ ...check, cost: 1 });
      return decision;
    },
  })),
  port("rate-limits/3b", "notes in the record that a caller looked", (map) => ({
    async transact(keys, step, options) {
      const reply = await map.transact(keys, step, options);
      for (const key of keys) {
        const record = map.records.get(key);
        if (record !== undefined)
          map.put(key, { ...record, body: Object.assign({}, record.body, { seen: Math.random() }) });
      }
      return reply;
    },
  })),
  store("rate-limits/4a", "takes one for a cost of 0", ({ right }) => ({
    consume: (check) => right.consume(check.cost === 0 ? { ...check, cost: 1 } : check),
  })),
  store("rate-limits/4b", "records a client whose cost can never fit", ({ right }) => ({
    async consume(check) {
      const decision = await right.consume(check);
      if (decision.retryAfterMs === null) await right.block(check, 1);
      return decision;
    },
  })),
  store("rate-limits/4c", "notes who was looked at", ({ right, port: map, namespace, clock }) => ({
    peek(check) {
      map.put(`${namespace}:seen`, { endsAtMs: clock.now() + 1_000, body: "seen" });
      return right.peek(check);
    },
  })),
  store("rate-limits/5a", "takes a negative cost for none", ({ right }) => ({
    consume: (check) => right.consume({ ...check, cost: Math.max(0, check.cost ?? 1) }),
  })),
  store("rate-limits/5b", "asks before it checks the numbers", ({ right }) => ({
    async consume(check) {
      await right.peek({ ...check, cost: 1 });
      return right.consume(check);
    },
  })),
  store("rate-limits/5c", "divides by a limit of 0", ({ right }) => ({
    async consume(check) {
      const decision = await right.consume(check);
      return check.policy.limit === 0 ? { ...decision, resetAfterMs: Number.POSITIVE_INFINITY } : decision;
    },
  })),
  store("rate-limits/6", "rounds retryAfterMs up to whole seconds", ({ right }) => ({
    async consume(check) {
      const decision = await right.consume(check);
      return { ...decision, retryAfterMs: decision.retryAfterMs === null ? null : wholeSeconds(decision.retryAfterMs) };
    },
  })),
  store("rate-limits/7a", "rounds resetAfterMs up to whole seconds", ({ right }) => ({
    async peek(check) {
      const decision = await right.peek(check);
      return { ...decision, resetAfterMs: wholeSeconds(decision.resetAfterMs) };
    },
  })),
  store("rate-limits/7b", "begins a fixed window anew with each call", ({ right }) => ({
    async consume(check) {
      return { ...(await right.consume(check)), resetAfterMs: check.policy.windowMs ?? 0 };
    },
  })),
  store("rate-limits/8a", "consumes the checks of consumeAll in turn and gives nothing back", ({ right }) => ({
    async consumeAll(checks) {
      const decisions = [];
      for (const check of checks) decisions.push(await right.consume(check));
      return { allowed: decisions.every(({ allowed }) => allowed), atomic: true, decisions };
    },
  })),
  store("rate-limits/8b", "decides consumeAll by its last check", ({ right }) => ({
    async consumeAll(checks) {
      const last = checks.at(-1);
      const peeked = last === undefined ? undefined : await right.peek(last);
      const result = await right.consumeAll(checks);
      return { ...result, allowed: peeked?.allowed ?? true };
    },
  })),
  store("rate-limits/8c", "counts a check given twice once", ({ right }) => ({
    async consumeAll(checks) {
      const unique = new Map(checks.map((check) => [JSON.stringify(check), check]));
      const result = await right.consumeAll([...unique.values()]);
      const order = [...unique.keys()];
      const decisions = checks.flatMap((check) => result.decisions[order.indexOf(JSON.stringify(check))] ?? []);
      return { ...result, decisions };
    },
  })),
  port("rate-limits/8d", "reads, decides and writes consumeAll in three turns", withoutAtomicity),
  store("rate-limits/8d", "takes the checks of several clients in the callers' order", ({ right }) => ({
    async consumeAll(checks) {
      if (new Set(checks.map(({ client }) => client)).size === 1) return right.consumeAll(checks);
      const decisions: RateLimitDecision[] = [];
      for (const check of checks) {
        const decision = await right.consume(check);
        decisions.push(decision);
        if (decision.allowed) continue;
        for (const [index, { receipt }] of decisions.entries()) {
          const taken = checks[index];
          if (receipt !== undefined && taken !== undefined) await right.refund(taken, receipt);
        }
        return { allowed: false, atomic: false, decisions };
      }
      return { allowed: true, atomic: false, decisions };
    },
  })),
  store("rate-limits/8e", "divides a list of checks that is too long", ({ right }) => ({
    async consumeAll(checks) {
      const first = await right.consumeAll(checks.slice(0, 1_000));
      const rest = await right.consumeAll(checks.slice(1_000));
      return { ...first, allowed: first.allowed && rest.allowed, decisions: [...first.decisions, ...rest.decisions] };
    },
  })),
  store("rate-limits/9a", "keeps what a refund gives back above capacity", ({ right }) => {
    let bonus = 0;
    return {
      async refund(check, receipt) {
        const decision = await right.refund(check, receipt);
        if (decision.remaining === check.policy.limit) bonus += 1;
        return decision;
      },
      async consume(check) {
        const decision = await right.consume(check);
        if (decision.allowed || bonus === 0) return decision;
        bonus -= 1;
        return { ...decision, allowed: true, retryAfterMs: 0 };
      },
    };
  }),
  store("rate-limits/9b", "writes a record for a refund of nothing", ({ right }) => ({
    async refund(check, receipt) {
      const decision = await right.refund(check, receipt);
      if (decision.resetAfterMs === 0) await right.consume(check);
      return decision;
    },
  })),
  store("rate-limits/9c", "begins the TTL anew at a refund", ({ right, port: map, namespace }) => ({
    async refund(check, receipt) {
      const decision = await right.refund(check, receipt);
      for (const [key, record] of [...map.records]) {
        if (key.startsWith(`${namespace}:`)) map.put(key, { ...record, endsAtMs: record.endsAtMs + 10 });
      }
      return decision;
    },
  })),
  store("rate-limits/9d", "gives a receipt's cost to whatever window runs", ({ right }) => ({
    async refund(check, receipt) {
      await right.refund(check, receipt);
      await right.reset(check);
      return right.peek(check);
    },
  })),
  store("rate-limits/9e", "forgets a block when it answers a refund", ({ right }) => ({
    async refund(check, receipt) {
      return { ...(await right.refund(check, receipt)), allowed: true, retryAfterMs: 0 };
    },
  })),
  store("rate-limits/10a", "lets debts grow without a floor", ({ right }) => ({
    async charge(check) {
      const before = await right.peek(check);
      const { receipt } = await right.charge(raised(check));
      const decision = { ...(await right.peek(check)), allowed: before.allowed };
      return receipt === undefined ? decision : { ...decision, receipt };
    },
  })),
  store("rate-limits/10b", "tells retryAfterMs as it was before the charge", ({ right }) => ({
    async charge(check) {
      const before = await right.peek(check);
      return { ...(await right.charge(check)), retryAfterMs: before.retryAfterMs };
    },
  })),
  store("rate-limits/10c", "lets cost 0 through a block", ({ right }) => ({
    async consume(check) {
      const decision = await right.consume(check);
      return check.cost === 0 ? { ...decision, allowed: true } : decision;
    },
  })),
  port("rate-limits/11a", "keeps records for a year", (map) =>
    rewriting(map, (record) => ({ ...record, endsAtMs: record.endsAtMs + 31_536_000_000 })),
  ),
  port("rate-limits/11b", "keeps the TTL of what it overwrites, also if there is none", (map) =>
    rewriting(map, (record, _key, before) => ({ ...record, endsAtMs: before?.endsAtMs ?? record.endsAtMs })),
  ),
  store("rate-limits/12", "forgets the previous window at the border", ({ right }) => {
    const fixed = (check: RateLimitCheck): RateLimitCheck => ({
      ...check,
      policy: { ...check.policy, algorithm: "fixed-window" },
    });
    return { consume: (check) => right.consume(fixed(check)), peek: (check) => right.peek(fixed(check)) };
  }),
  harness("rate-limits/13a", "decides by the instance's clock", (complete, { port: map }) => ({
    probes: {
      ...complete.probes,
      skewed: (keyPrefix, skewMs) =>
        createRateLimitStore(
          {
            ...map,
            transact: (keys, step, options) =>
              map.transact(keys, (found, nowMs) => step(found, nowMs + skewMs), options),
          },
          { keyPrefix },
        ),
    },
  })),
  port("rate-limits/13b", "stands still until a clock that stepped back has caught up", (map) => {
    let latestMs = 0;
    return {
      transact: (keys, step, options) =>
        map.transact(
          keys,
          (records, nowMs) => {
            latestMs = Math.max(latestMs, nowMs);
            return step(records, latestMs);
          },
          options,
        ),
    };
  }),
  port("rate-limits/13b", "clamps anew with each denied call and never writes it", (map) => ({
    transact: (keys, step, options) =>
      map.transact(
        keys,
        (records, nowMs) => {
          const decided = step(records, nowMs);
          return isDenied(decided.reply) ? { reply: decided.reply } : decided;
        },
        options,
      ),
  })),
  port("rate-limits/13c", "takes a record that lies more than two minutes ahead for none", (map) => ({
    transact: (keys, step, options) =>
      map.transact(
        keys,
        (records, nowMs) =>
          step(
            records.map((record) => (record !== null && record.endsAtMs > nowMs + 120_000 ? null : record)),
            nowMs,
          ),
        options,
      ),
  })),
  store("rate-limits/14a", "counts each limit of a client apart", ({ right }) => {
    const apart = (check: RateLimitCheck) => ({ ...check, route: `${check.route} ${check.policy.limit}` });
    return { consume: (check) => right.consume(apart(check)), peek: (check) => right.peek(apart(check)) };
  }),
  store("rate-limits/14b", "takes the most generous limits for a mistake", ({ right }) => ({
    peek: (check) => right.peek(check.policy.limit > 20 ? { ...check, policy: { ...check.policy, limit: 1 } } : check),
  })),
  store("rate-limits/14c", "counts each burst of a client apart", ({ right }) => ({
    consume: (check) => right.consume({ ...check, route: `${check.route} ${JSON.stringify(check.policy)}` }),
  })),
  store("rate-limits/14c", "takes what a larger burst allowed for a clock's step back", ({ right }) => ({
    async consume(check) {
      if ((await right.peek(check)).resetAfterMs > 2 * (check.policy.windowMs ?? 0)) await right.reset(check);
      return right.consume(check);
    },
  })),
  store("rate-limits/15", "joins route and client by a colon", ({ right }) => {
    const joined = (check: RateLimitCheck) => ({ ...check, route: `${check.route}:${check.client}`, client: "" });
    return {
      consume: (check) => right.consume(joined(check)),
      peek: (check) => right.peek(joined(check)),
      reset: (check) => right.reset(joined(check)),
    };
  }),
  store("rate-limits/16", "counts a client's routes together", ({ right }) => ({
    consume: (check) => right.consume({ ...check, route: "" }),
  })),
  store("rate-limits/16b", "names a default window that it has not", () => ({ defaultWindowMs: 60_000 })),
  {
    caughtBy: "rate-limits/16b",
    title: "names another default window than it uses",
    harness() {
      const { create, ...complete } = defaultWindowHarness(60_000);
      return { ...complete, create: async (namespace) => ({ ...(await create(namespace)), defaultWindowMs: 30_000 }) };
    },
  },
  {
    caughtBy: "rate-limits/17a",
    title: "answers a cheaper call from a dearer one's denial",
    harness: () => denyCacheHarness({ maxMs: 1_000, maxEntries: 20, ignoresCost: true }),
  },
  {
    caughtBy: "rate-limits/17b",
    title: "remembers denials for longer than it may",
    harness: () => denyCacheHarness({ maxMs: 60_000, maxEntries: 20 }),
  },
  {
    caughtBy: "rate-limits/17b",
    title: "remembers every denial there ever was",
    harness: () => denyCacheHarness({ maxMs: 50, maxEntries: Number.POSITIVE_INFINITY }),
  },
  harness("rate-limits/18a", "drops the oldest record, whichever client it holds back", (complete, { clock }) => ({
    probes: {
      ...complete.probes,
      bounded: (keyPrefix, maxEntries) =>
        createRateLimitStore(
          boundedPort(clock, maxEntries, () => true),
          { keyPrefix },
        ),
    },
  })),
  harness("rate-limits/18b", "sets a timer for each call", (complete) => ({
    probes: {
      ...complete.probes,
      async bounded(namespace, maxEntries) {
        const right = (await complete.probes?.bounded?.(namespace, maxEntries)) ?? (await complete.create(namespace));
        const timers: ReturnType<typeof setTimeout>[] = [];
        return {
          ...right,
          consume(check) {
            timers.push(setTimeout(() => undefined, 60_000));
            return right.consume(check);
          },
          async close() {
            timers.forEach(clearTimeout);
            await right.close();
          },
        };
      },
    },
  })),
  harness("rate-limits/18c", "lets one rule take the last place", (complete, { clock }) => ({
    probes: {
      ...complete.probes,
      bounded: (keyPrefix, maxEntries) =>
        createRateLimitStore(boundedPort(clock, maxEntries, isEvictable), { keyPrefix }),
    },
  })),
  store("rate-limits/model", "takes one more than it says from the eleventh call on", ({ right }) => {
    let calls = 0;
    return {
      async consume(check) {
        calls += 1;
        const decision = await right.consume(check);
        if (calls > 10 && decision.remaining > 0) await right.consume({ ...check, cost: 1 });
        return decision;
      },
    };
  }),
  port("rate-limits/model-clock", "reads no record in the first call after a step back", (map) => {
    let latestMs = 0;
    return {
      transact: (keys, step, options) =>
        map.transact(
          keys,
          (records, nowMs) => {
            const steppedBack = nowMs < latestMs;
            latestMs = nowMs;
            return step(steppedBack ? records.map(() => null) : records, nowMs);
          },
          options,
        ),
    };
  }),
];
