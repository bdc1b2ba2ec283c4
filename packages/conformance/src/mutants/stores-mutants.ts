// One broken set of stores for each property of them together, and the harness on which the right ones pass them all.
import {
  type AtomicPort,
  createStores,
  isEvictable,
  isEvictableVerification,
  type StoredRecord,
  StoreError,
  type Stores,
} from "@tollbooth-stores/core";
import type { Harness } from "../harness.ts";
import { check } from "../stores/checks.ts";
import { type FakeServer, fakeServer, type ServerFaults } from "./fake-server.ts";
import { boundedPort } from "./fakes.ts";
import type { Mutant } from "./mutant.ts";
import { type Reference, reference } from "./reference.ts";

/** What can be wrong with a provider as a whole. */
interface Faults extends ServerFaults {
  closesBorrowed?: boolean;
  peerPrefix?: string;
  /** A bounded port that is checked wrongly, made of the right one. */
  full?(port: AtomicPort): AtomicPort;
  /** Spread of physical expiry; the right one is 0.1. */
  jitter?: number;
}

/** The right stores behind a fake server, with stand-ins for every probe. */
export function completeStores(faults: Faults = {}): Harness<Stores> {
  const server: FakeServer = fakeServer(faults);
  const made = reference((map) => server.through(map));
  const { stores } = made.harnesses;
  return {
    ...stores,
    probes: {
      ...stores.probes,
      server: server.server,
      cluster: server.cluster,
      peers: { "another client": (namespace) => stores.create(`${namespace}${faults.peerPrefix ?? ""}`) },
      borrowed: async (namespace) => borrowed(made, namespace, faults.closesBorrowed === true),
      bounded: (keyPrefix, maxEntries) => {
        const evictable = (record: StoredRecord) => isEvictable(record) || isEvictableVerification(record);
        const port = boundedPort(made.clock, maxEntries, evictable);
        return createStores(faults.full?.(port) ?? port, { keyPrefix });
      },
      physicalTtls: async (namespace) => physicalTtls(made, namespace, faults.jitter ?? 0.1),
    },
  };
}

/** Stores over a client that the caller opened. */
function borrowed(
  { port }: Reference,
  keyPrefix: string,
  closes: boolean,
): { store: Stores; clientWorks(): Promise<boolean> } {
  let open = true;
  const client: AtomicPort = {
    ...port,
    async close() {
      if (closes) open = false;
    },
  };
  return { store: createStores(client, { keyPrefix }), clientWorks: async () => open };
}

/** A Map drops nothing by itself; what a server would be told is the record's end and a share of it. */
function physicalTtls({ port, clock }: Reference, namespace: string, jitter: number): number[] {
  const mine = [...port.records].filter(([key]) => key.startsWith(`${namespace}:`));
  return mine.map(([, { endsAtMs }], index) => (endsAtMs - clock.now()) * (1 + (jitter * index) / mine.length));
}

const provider = (caughtBy: string, title: string, faults: Faults): Mutant<Stores> => ({
  caughtBy,
  title,
  harness: () => completeStores(faults),
});

const broken = (
  caughtBy: string,
  title: string,
  change: (right: Stores, namespace: string) => Stores,
): Mutant<Stores> => ({
  caughtBy,
  title,
  harness() {
    const complete = completeStores();
    return { ...complete, create: async (namespace) => change(await complete.create(namespace), namespace) };
  },
});

export const storesMutants: readonly Mutant<Stores>[] = [
  provider("all/1a", "answers as if nothing were there while the server is away", { answersNothing: true }),
  provider("all/1b", "sends what it said was not applied", { sendsLate: true }),
  provider("all/2a", "passes on that a script is unknown", { showsFlush: true }),
  provider("all/2b", "sends a call again whatever the server said", { retriesAnything: true }),
  broken("all/3a", "answers after it was closed", (right) => ({ ...right, ping: async () => ({ latencyMs: 0 }) })),
  {
    caughtBy: "all/3b",
    title: "closes the backend of all with one",
    harness() {
      const complete = completeStores();
      const open = new Set<Stores>();
      return {
        ...complete,
        async create(namespace) {
          const right = await complete.create(namespace);
          open.add(right);
          return { ...right, close: async () => void (await Promise.all([...open].map((stores) => stores.close()))) };
        },
      };
    },
  },
  provider("all/3c", "closes a client that it borrowed", { closesBorrowed: true }),
  {
    caughtBy: "all/4a",
    title: "ignores the prefix",
    harness() {
      const complete = completeStores();
      return { ...complete, create: () => complete.create("everybody") };
    },
  },
  provider("all/4b", "writes what no other client finds", { peerPrefix: "-other" }),
  provider("all/5", "loses what is written while slots move", { losesMoves: true }),
  provider("all/6", "lets all records go at one instant", { jitter: 0 }),
  broken("all/7a", "puts the client into its errors", (right) => ({
    ...right,
    rateLimits: {
      ...right.rateLimits,
      consume: (check, options) =>
        right.rateLimits.consume(check, options).catch((error: unknown) => {
          throw Object.assign(error instanceof Error ? error : new Error("failed"), { client: check.client });
        }),
    },
  })),
  provider("all/7b", "passes on the server's own words", { showsWords: true }),
  broken("all/3a", "checks after it was closed", (right) => ({ ...right, check: async () => ({ latencyMs: 0 }) })),
  broken("all/8", "checks for a caller that has gone", (right) => ({ ...right, check: () => right.check() })),
  broken("all/11a", "is never ready", (right) => ({
    ...right,
    check: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "It may not write; check its ACL.")),
  })),
  broken("all/11a", "checks by taking from a client's limit", (right) => ({
    ...right,
    async check(options) {
      await right.rateLimits.consume(check);
      return right.check(options);
    },
  })),
  broken("all/11b", "leaves its probes behind", (right) => ({
    ...right,
    async check(options) {
      await right.verifications.markOnce("probe", { token: "t", fingerprint: "f", retainUntilMs: 0 });
      return right.check(options);
    },
  })),
  broken("all/11c", "takes a backend that answers for one that writes", (right) => ({ ...right, check: right.ping })),
  provider("all/11d", "evicts a record to see whether there is room", {
    full: ({ check: _, ...port }) => port,
  }),
  provider("all/11d", "never finds itself full", { full: (port) => ({ ...port, check: async () => {} }) }),
  broken("all/8", "does not look at signals", (right) => ({
    ...right,
    sessions: { ...right.sessions, get: (id) => right.sessions.get(id) },
  })),
];
