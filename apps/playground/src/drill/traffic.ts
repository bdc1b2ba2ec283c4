// The drill's own traffic, from a seed: what a paid API meets on a bad day. The same seed and size give the same requests.
import { type DrillRequest, requestsOf, type TraceEvent } from "./trace.ts";

export interface TrafficOptions {
  /** Default 1. */
  seed?: number | undefined;
  /** About how many; at least `leastRequests`. Default 600. */
  requests?: number | undefined;
  /** One hot client less, no rotated headers, no client that just pays: about 230, for lanes that are played at the same time. */
  light?: boolean | undefined;
}

/** Fewer could not show every fault. */
export const leastRequests = 350;
/** The traffic's length by its size, in milliseconds a request, and at least this long. */
const msPerRequest = 30;
const shortestMs = 8_000;
/** A hot client must want more than one instance alone would let through: the drill's limits are 30 and 20. */
const leastHot = 46;
const leastHotPayer = 31;
/** Only the hot clients send more than this from one address, or with one payer on a route. */
const modest = 10;

interface Random {
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
}

/** Mulberry32, by Tommy Ettinger: 32 bits of state, the same on every machine. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return { between, pick: (from) => from[between(0, from.length - 1)] ?? from[0] };
}

/** What the parts of the traffic are made with. */
interface Scene {
  random: Random;
  /** The whole traffic's length, in milliseconds. */
  lengthMs: number;
  light: boolean;
  /** `share` of the whole, scaled by its size, but no less than `least`. */
  many(share: number, least: number): number;
}

const address = (network: number, index: number) => `10.${network}.${Math.floor(index / 250)}.${(index % 250) + 1}`;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const copies = <T>(count: number, make: (index: number) => T[]): T[] => times(count, make).flat();

const userAgents = ["curl/8.5.0", "Mozilla/5.0", "python-requests/2.32", "okhttp/4.12", "Go-http-client/2.0"] as const;

/** Clients that want far more than their address may have, in three waves, with a payer for every few requests. */
function hotClients({ random, lengthMs, many, light }: Scene): TraceEvent[] {
  return copies(light ? 1 : 2, (client) =>
    times(many(0.07, leastHot), (n) => ({
      at: Math.floor((lengthMs * (n % 3)) / 3) + random.between(0, Math.floor(lengthMs / 5)),
      client: address(1, client),
      action: "pay",
      payer: `hot ${client} ${Math.floor(n / modest)}`,
    })),
  );
}

/** One client that writes another address in front, and another browser's name, each time. */
function headerRotation({ random, lengthMs, many, light }: Scene): TraceEvent[] {
  return times(light ? 0 : many(0.08, leastHot), (n) => ({
    at: random.between(0, lengthMs),
    client: address(2, 0),
    action: "pay",
    payer: `rotating ${Math.floor(n / modest)}`,
    forwardedFor: `${random.between(11, 99)}.${random.between(0, 255)}.${random.between(0, 255)}.${n % 256}`,
    userAgent: random.pick(userAgents),
  }));
}

/** One payer from many addresses. */
function hotPayer({ random, lengthMs, many }: Scene): TraceEvent[] {
  return times(many(0.05, leastHotPayer), (n) => ({
    at: random.between(0, lengthMs),
    client: address(3, Math.floor(n / modest)),
    action: "pay",
    payer: "everywhere",
  }));
}

/** One payment, four times at once. */
function duplicates({ random, lengthMs, many }: Scene): TraceEvent[] {
  return copies(many(0.02, 5), (n) => {
    const at = random.between(0, lengthMs);
    return times(4, () => ({ at, client: address(4, n), action: "pay", payment: `duplicate ${n}` }));
  });
}

/** A client that did not trust its answer, and asks again a little later. */
function retries({ random, lengthMs, many }: Scene): TraceEvent[] {
  return copies(many(0.025, 5), (n) => {
    const at = random.between(0, lengthMs - 2_000);
    const again = at + random.between(20, 2_000);
    return [at, again].map((instant) => ({ at: instant, client: address(5, n), action: "pay", payment: `retry ${n}` }));
  });
}

/** A thief, who sees payments and presents them too: at the same moment, later, and for something else. */
function replays({ random, lengthMs, many }: Scene): TraceEvent[] {
  return copies(many(0.02, 6), (n) => {
    const at = random.between(0, lengthMs - 2_500);
    const payment = `replayed ${n}`;
    // An attacker has several addresses, or its own limit would stop it.
    const attack = (later: number, route?: string): TraceEvent => ({
      at: at + later,
      client: address(7, n % Math.max(2, Math.ceil(many(0.02, 6) / 4))),
      action: "pay",
      payment,
      ...(route !== undefined && { route }),
      userAgent: random.pick(userAgents),
    });
    return [
      { at, client: address(6, n), action: "pay", payment },
      attack(0),
      attack(0),
      attack(random.between(1_000, 2_500)),
      attack(random.between(0, 3), "/report"),
      attack(random.between(1_000, 2_500), "/report"),
    ];
  });
}

/** Sessions: bought early, used to the end, each use on whatever instance is next. */
function sessions({ random, lengthMs, many }: Scene): TraceEvent[] {
  const session = (network: number, n: number, route: string, uses: number): TraceEvent[] => {
    const [client, name] = [address(network, n), `${route} ${n}`];
    const at = random.between(0, Math.floor(lengthMs / 8));
    const step = (lengthMs - at - 700) / uses;
    return [
      { at, client, action: "buy", session: name, route },
      ...times(uses, (use): TraceEvent => {
        const within = random.between(0, Math.floor(step));
        return { at: at + 700 + Math.floor(use * step) + within, client, action: "use", session: name };
      }),
    ];
  };
  return [
    ...copies(many(0.01, 4), (n) => session(8, n, "/stream", 8)),
    ...copies(many(0.006, 3), (n) => session(9, n, "/search", 6)),
  ];
}

/** Clients that go away while their payment is being settled, and ask again. */
function hangUps({ random, lengthMs, many, light }: Scene): TraceEvent[] {
  return times(light ? 0 : many(0.02, 7), (n) => ({
    at: random.between(0, lengthMs),
    client: address(13, Math.floor(n / modest)),
    action: "pay",
    hangUp: true,
  }));
}

/** Ten payments in one moment, all of them within the limits. */
function bursts({ random, lengthMs, many }: Scene): TraceEvent[] {
  return copies(many(0.005, 2), (n) => {
    const at = random.between(0, lengthMs);
    return times(modest, () => ({ at, client: address(10, n), action: "pay", payer: `burst ${n}` }));
  });
}

function unpaid({ random, lengthMs, many }: Scene): TraceEvent[] {
  return times(many(0.025, 6), (n) => ({ at: random.between(0, lengthMs), client: address(11, n), action: "ask" }));
}

/** Clients that do nothing but pay. `count`: how many requests they make. */
function steadyPayers({ random, lengthMs }: Scene, count: number): TraceEvent[] {
  return times(count, (n) => ({
    at: random.between(0, lengthMs),
    client: address(12, Math.floor(n / modest)),
    action: "pay",
  }));
}

/** Sorted by time; the ids are `seed<seed>-<line>`. */
export function traffic({ seed = 1, light = false, requests = light ? 0 : 600 }: TrafficOptions = {}): DrillRequest[] {
  const scene: Scene = {
    light,
    random: randomFrom(seed),
    lengthMs: Math.max(shortestMs, requests * msPerRequest),
    many: (share, least) => Math.max(least, Math.round(share * requests)),
  };
  const special = [
    hotClients,
    headerRotation,
    hotPayer,
    duplicates,
    retries,
    replays,
    sessions,
    bursts,
    unpaid,
    hangUps,
  ];
  const events = special.flatMap((part) => part(scene));
  const all = [...events, ...steadyPayers(scene, Math.max(0, requests - events.length))];
  return requestsOf(
    all.sort((a, b) => a.at - b.at),
    `seed${seed}`,
  );
}
