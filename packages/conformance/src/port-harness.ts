// Harnesses for the author of an AtomicPort: all four suites over one port.
import {
  type AtomicPort,
  createRateLimitStore,
  createSessionStore,
  createStores,
  createVerificationStore,
  type RateLimitStore,
  type SessionStore,
  type StoredRecord,
  type Stores,
  type VerificationStore,
} from "@tollbooth-stores/core";
import type { Harness, Probes, RawEntry } from "./harness.ts";

/** A port to be proven, and how its clock is stepped. */
export interface PortUnderTest extends Pick<Harness<unknown>, "name" | "advance" | "lacks" | "seed"> {
  /** One backend: the suites put every namespace on it, under a key prefix of its own. They never close it. */
  port: AtomicPort;
  /** The same instant that the port's steps are given. */
  now(): number;
  /** Whether the port can be turned back by `advance` with a negative number. Default false. */
  stepsBack?: boolean | undefined;
  /** The store option of this name, for the rate limits. */
  inProcess?: boolean | undefined;
}

/** The four harnesses of one port. */
export interface PortHarnesses {
  rateLimits: Harness<RateLimitStore>;
  sessions: Harness<SessionStore>;
  verifications: Harness<VerificationStore>;
  stores: Harness<Stores>;
}

/**
 * One port as the harness of every suite. Two stores over one port are two instances on one backend. With `scan`, the
 * port's records can be inspected and corrupted, so more properties apply.
 */
export function portHarnesses(under: PortUnderTest): PortHarnesses {
  let calls = 0;
  const { decide } = under.port;
  const { inProcess } = under;
  const port: AtomicPort = {
    ...under.port,
    ...(decide && {
      decide(name, step, given) {
        calls += 1;
        return decide(name, step, given);
      },
    }),
    transact(keys, step, options) {
      calls += 1;
      return under.port.transact(keys, step, options);
    },
    // Each store closes its own; the port is the harness's.
    async close() {},
  };
  const common = { ...under, capabilities: under.port.capabilities, instances: true };
  const probes = {
    backendCalls: () => calls,
    ...(under.stepsBack === true ? { stepBack: (ms: number) => under.advance(-ms) } : {}),
    ...scanProbes(under.port, under.now),
  } satisfies Probes<unknown>;
  return {
    rateLimits: { ...common, probes, create: (keyPrefix) => createRateLimitStore(port, { keyPrefix, inProcess }) },
    sessions: { ...common, probes, create: (keyPrefix) => createSessionStore(port, { keyPrefix }) },
    verifications: { ...common, probes, create: (keyPrefix) => createVerificationStore(port, { keyPrefix }) },
    stores: { ...common, probes, create: (keyPrefix) => createStores(port, { keyPrefix }) },
  };
}

function scanProbes(port: AtomicPort, now: () => number): Pick<Probes<unknown>, "inspect" | "corrupt"> {
  const scan = port.scan?.bind(port);
  if (scan === undefined) return {};
  const keysOf = async (namespace: string) => {
    const keys = new Set<string>();
    for await (const key of scan(`${namespace}:`)) keys.add(key);
    return [...keys].sort();
  };
  return {
    async inspect(namespace) {
      const entries: RawEntry[] = [];
      for (const key of await keysOf(namespace)) {
        const record = await port.transact<StoredRecord | null>([key], ([found = null]) => ({ reply: found }));
        if (record !== null) entries.push({ key, value: JSON.stringify(record), ttlMs: record.endsAtMs - now() });
      }
      return entries;
    },
    async corrupt(namespace) {
      for (const key of await keysOf(namespace)) {
        await port.transact([key], ([found = null]) => ({
          writes: [found === null ? undefined : { endsAtMs: found.endsAtMs, body: "\u0000 unreadable" }],
          reply: undefined,
        }));
      }
    },
  };
}
