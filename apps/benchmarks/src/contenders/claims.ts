// Holding a name alone for a moment: our claim and complete, and redlock's lock and unlock.
import Redlock from "redlock";
import type { Contender } from "../measuring/subject.ts";
import { openIoredis } from "./clients.ts";
import type { OpenStores } from "./our-stores.ts";

const LEASE_MS = 10_000;

/** A name that was never used before: each payment is claimed once. */
const nameOf = (turn: number) => `claim-${process.pid}-${turn}`;

interface Claims {
  /** Whether the name was free. It is held until `end` is called. */
  begin(name: string): Promise<{ end(): Promise<boolean> } | undefined>;
  close(): Promise<void>;
}

export function ourClaims(open: OpenStores) {
  return async (server: Parameters<OpenStores>[0]): Promise<Claims> => {
    const stores = await open(server);
    const { verifications } = stores;
    let tokens = 0;
    return {
      async begin(name) {
        tokens += 1;
        const retainUntilMs = Date.now() + 3_600_000;
        const claim = await verifications.claim(name, {
          token: `token-${process.pid}-${tokens}`,
          fingerprint: "what is bought",
          leaseMs: LEASE_MS,
          onLeaseExpiry: "retry",
          retainUntilMs,
        });
        if (claim.status !== "claimed") return undefined;
        const result = { outcome: "accepted" as const, value: "a receipt", retainUntilMs };
        return { end: async () => (await verifications.complete(name, claim.lease, result)).status === "ok" };
      },
      close: () => stores.close(),
    };
  };
}

export function redlockClaims() {
  return async (server: Parameters<OpenStores>[0]): Promise<Claims> => {
    const client = openIoredis(server);
    const redlock = new Redlock([client], { retryCount: 0 });
    return {
      async begin(name) {
        try {
          const lock = await redlock.lock(name, LEASE_MS);
          return { end: async () => lock.unlock().then(() => true) };
        } catch (error) {
          if (error instanceof Redlock.LockError) return undefined;
          throw error;
        }
      },
      close: async () => void (await client.quit()),
    };
  };
}

export function claimsContender(open: ReturnType<typeof ourClaims>): Contender {
  return {
    async check(server) {
      const claims = await open(server);
      try {
        const held = await Promise.all(Array.from({ length: 20 }, () => claims.begin(`check-${process.pid}`)));
        const holders = held.filter((claim) => claim !== undefined).length;
        if (holders !== 1) throw new Error(`${holders} of 20 callers held one name at once.`);
      } finally {
        await claims.close();
      }
    },
    async open(server) {
      const claims = await open(server);
      return {
        operation: async (turn) => (await (await claims.begin(nameOf(turn)))?.end()) === true,
        close: () => claims.close(),
      };
    },
  };
}
