// A few places for each client, on all instances together: what is in hand at one time is bounded, not only how often it begins.
import type { RateLimitCheck, RateLimitStore } from "@tollbooth-stores/core";

export interface PlaceRule {
  /** Shared by all places of the same name. */
  name: string;
  /** So many at one time, for each client. */
  count: number;
  /** After so long a place that nobody gave back is free again. Longer than any work that is done in it. */
  heldForMs: number;
}

/** Gives a place back. */
export type GiveBack = () => void;
/** Takes one of the client's places; undefined where none was found. */
export type TakePlace = (client: string) => Promise<GiveBack | undefined>;

/** So many are looked at before a client is told that there is none: a bound in the hundreds must not cost hundreds of calls. */
const mostLooks = 8;
/** Near its end a place is left to lapse: given back later, it could be another's by then. */
const sureOfIt = 0.9;

/**
 * One limiter of 1 for each place, and not one of `count` for all: each place's window begins when it is taken, and giving it
 * back forgets the window. So there are never more than `count` at one time. A single fixed window would forget the places of
 * its last moment with those of its first, and let nearly twice as many be held.
 */
export function places(store: RateLimitStore, { name, count, heldForMs }: PlaceRule): TakePlace {
  return async (client) => {
    const first = Math.floor(Math.random() * count);
    for (let look = 0; look < Math.min(count, mostLooks); look += 1) {
      const place: RateLimitCheck = {
        route: name,
        client: `${client} ${(first + look) % count}`,
        policy: { algorithm: "fixed-window", limit: 1, windowMs: heldForMs },
      };
      const takenAt = performance.now();
      const { allowed } = await store.consume(place);
      if (!allowed) continue;
      return () => {
        if (performance.now() - takenAt < sureOfIt * heldForMs) store.reset(place).catch(() => undefined);
      };
    }
    return undefined;
  };
}
