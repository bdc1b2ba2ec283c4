// In an instance's process: stores that do one thing wrong, to prove that a trial would see it.
import { setTimeout as sleep } from "node:timers/promises";
import { StoreError, type Stores } from "@tollbooth-stores/core";
import { DEADLINE_MS } from "../bounds.ts";
import type { Mistake } from "../contract.ts";

export function mistaken(stores: Stores, mistake: Mistake | undefined): Stores {
  const { rateLimits, sessions, verifications } = stores;
  let failed = false;
  /** Told once a call has failed: the fault has struck. */
  const watch = async <R>(call: () => Promise<R>): Promise<R> => {
    try {
      return await call();
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  switch (mistake) {
    case "markers are not recorded":
      return { ...stores, verifications: { ...verifications, markOnce: async () => ({ status: "marked" }) } };
    case "an absent session is answered during an outage": {
      const get: typeof sessions.get = (id, options) => sessions.get(id, options).catch(() => null);
      return { ...stores, sessions: { ...sessions, get } };
    }
    case "calls outlive their deadline": {
      const consume: typeof rateLimits.consume = (check) =>
        rateLimits.consume(check).catch(async (error) => {
          await sleep(DEADLINE_MS);
          throw error;
        });
      return { ...stores, rateLimits: { ...rateLimits, consume } };
    }
    case "connections are not made again": {
      const consume: typeof rateLimits.consume = async (check) => {
        if (failed) throw new StoreError("STORE_UNAVAILABLE", "It is given up.");
        return watch(() => rateLimits.consume(check));
      };
      return { ...stores, rateLimits: { ...rateLimits, consume } };
    }
    case "payments are not remembered": {
      const forgetful: typeof verifications = new Proxy(verifications, {
        get(target, name) {
          const call: unknown = Reflect.get(target, name);
          if (typeof call !== "function") return call;
          return (key: unknown, ...args: unknown[]) => call.call(target, ofThisMoment(key), ...args);
        },
      });
      return { ...stores, verifications: forgetful };
    }
    case "a rejection is not handled": {
      const consume: typeof rateLimits.consume = (check) => {
        const consuming = rateLimits.consume(check);
        void consuming.then(() => undefined);
        return consuming;
      };
      return { ...stores, rateLimits: { ...rateLimits, consume } };
    }
    default:
      return stores;
  }
}

/** The same key names another record every second or so. */
function ofThisMoment(key: unknown): unknown {
  return typeof key === "string" ? `${key}:${Math.floor(Date.now() / 1_500)}` : key;
}
