// A server that is too old is told so before it is given a script; a new enough one is asked once, and then never again.
import type { Stores } from "@tollbooth-stores/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { errorWord } from "../connection/redis-errors.ts";
import { createRedisStores, NotSent, type RedisPort } from "../index.ts";
import { isTooOld, versionScript } from "./server-version.ts";

interface FakeServer {
  /** What the version script answers, or throws. */
  version: string | null | Error;
  /** Whether it has the scripts. */
  known: boolean;
  /** What was sent, in turn. */
  log: string[];
  /** The first argument of each script that was known. */
  instants: string[];
  /** The keys that each was sent with: they tell a cluster the node. */
  keys: (readonly string[])[];
  /** What every script is answered. */
  refusal?: Error | undefined;
  onVersion?: (() => Promise<void>) | undefined;
  /** What the answer to a script waits for. */
  onCall?: (() => Promise<void>) | undefined;
}

/** A server that answers each script as if it were a read of sessions, and there were none. */
function fake(version: FakeServer["version"]): { server: FakeServer; stores: Stores; port: RedisPort } {
  const server: FakeServer = { version, known: false, log: [], instants: [], keys: [] };
  const nothing = (keys: readonly string[]) => (keys.length === 0 ? [] : [1_000, keys.map(() => null)]);
  const port: RedisPort = {
    name: "fake",
    cluster: false,
    async ready() {},
    async evalSha(_, keys, [instant = ""]) {
      server.log.push("EVALSHA");
      server.instants.push(instant);
      server.keys.push(keys);
      await server.onCall?.();
      if (server.refusal !== undefined) throw server.refusal;
      if (!server.known) throw new Error("NOSCRIPT No matching script. Please use EVAL.");
      return nothing(keys);
    },
    async eval(source, keys) {
      server.log.push(source === versionScript ? "version" : "EVAL");
      server.keys.push(keys);
      if (source === versionScript) {
        await server.onVersion?.();
        if (server.version instanceof Error) throw server.version;
        return server.version;
      }
      server.known = true;
      return nothing(keys);
    },
    async *scan() {},
    async close() {},
  };
  return { server, port, stores: createRedisStores(port, { commandTimeoutMs: 100, connectTimeoutMs: 100 }) };
}

const tooOld = {
  code: "STORE_UNAVAILABLE",
  outcome: "not-applied",
  message: expect.stringMatching(/Redis 6\.2 or Valkey 7\.2.*`url` or `host`/),
};
const missing = (stores: Stores) => stores.sessions.get("a-session-that-is-not-there");

describe("the version of a server", () => {
  it.each(["2.8.24", "5.0.14", "6.0.16", "6.1.242"])("is too old where it is %s", (version) => {
    expect(isTooOld(version)).toBe(true);
  });

  it.each(["6.2.0", "6.2.14", "7.0.15", "10.0.1", "255.255.255", "", "unstable", null, undefined, 5])(
    "is new enough, or cannot be told, where it is %j",
    (version) => {
      expect(isTooOld(version)).toBe(false);
    },
  );
});

describe("a server that is too old", () => {
  it("refuses every call, is given no script, and is asked again by the next call", async () => {
    const { server, stores } = fake("6.0.16");
    const request = { token: "t", fingerprint: "f", retainUntilMs: Date.now() + 1_000 };
    const policy = { algorithm: "fixed-window", limit: 1, windowMs: 1_000 } as const;
    const check = { route: "r", client: "c", policy };
    const calls: (() => Promise<unknown>)[] = [
      () => stores.ping(),
      () => stores.rateLimits.consume(check),
      () => stores.rateLimits.consumeAll([check]),
      () => stores.rateLimits.block(check, 1_000),
      () => missing(stores),
      () => stores.sessions.create({ data: 1, idleTtlMs: 1_000 }),
      () => stores.sessions.deleteBySubject("s"),
      () => stores.verifications.claim("k", { ...request, leaseMs: 1_000, onLeaseExpiry: "retry" }),
      () => stores.verifications.markOnce("k", request),
      () => stores.verifications.unresolved()[Symbol.asyncIterator]().next(),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject(tooOld);
    expect(server.log).not.toContain("EVAL");
    expect(server.log.filter((sent) => sent === "version")).toHaveLength(calls.length);
  });

  it("is found where a connection comes to be with an older server later on", async () => {
    const { server, stores } = fake("6.2.14");
    await missing(stores);
    server.version = "5.0.14";
    server.known = false;
    await expect(missing(stores)).rejects.toMatchObject(tooOld);
    server.version = "7.0.15";
    expect(await missing(stores)).toBeNull();
  });
});

describe("a server that is new enough", () => {
  it.each(["6.2.14", null])(
    "of version %j is asked once, before it gets the script, and not in any later call",
    async (version) => {
      const { server, stores } = fake(version);
      await missing(stores);
      expect(server.log).toEqual(["EVALSHA", "version", "EVAL"]);
      await missing(stores);
      await missing(stores);
      expect(server.log.slice(3)).toEqual(["EVALSHA", "EVALSHA"]);
    },
  );

  it("is asked where the call's keys live", async () => {
    const { server, stores } = fake("6.2.14");
    await missing(stores);
    const [first, ...others] = server.keys;
    expect(first).toHaveLength(1);
    expect(others).toEqual([first, first]);
  });
});

describe("asking for the version", () => {
  it("is refused like any call where the user has no right to it", async () => {
    const { stores } = fake(new Error("NOPERM this user has no permissions to run the 'eval' command"));
    await expect(missing(stores)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "not-applied",
      message: expect.stringContaining("ACL"),
    });
  });

  it("is done again over the next connection where it was not sent", async () => {
    const { server, stores } = fake(new NotSent());
    server.onVersion = async () => {
      if (server.log.length > 2) server.version = "6.2.14";
    };
    expect(await missing(stores)).toBeNull();
    expect(server.log).toEqual(["EVALSHA", "version", "EVALSHA", "version", "EVAL"]);
  });

  it("is done again over the next connection where its answer was lost: nothing ran", async () => {
    const { server, stores } = fake(new Error("Connection is closed."));
    server.onVersion = async () => {
      if (server.log.length > 2) server.version = "6.2.14";
    };
    expect(await missing(stores)).toBeNull();
    expect(server.log).toEqual(["EVALSHA", "version", "EVALSHA", "version", "EVAL"]);
  });

  it("belongs to the call's time: after the deadline the script is not sent", async () => {
    const { server, stores } = fake("6.2.14");
    let answer = () => {};
    server.onVersion = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await expect(missing(stores)).rejects.toMatchObject({ message: expect.stringContaining("commandTimeoutMs (100)") });
    answer();
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.log).toEqual(["EVALSHA", "version"]);
  });
});

describe("a port that tells its connections apart", () => {
  const connected = () => {
    const { server, port } = fake("6.2.14");
    server.known = true;
    let generation = 1;
    const told: RedisPort = { ...port, generation: () => generation };
    const stores = createRedisStores(told, { commandTimeoutMs: 100, connectTimeoutMs: 100 });
    const connectAnew = () => {
      generation += 1;
    };
    return { server, stores, connectAnew };
  };

  it("has its server looked at once for each connection, also where that knows the scripts", async () => {
    const { server, stores, connectAnew } = connected();
    await missing(stores);
    await missing(stores);
    connectAnew();
    await missing(stores);
    expect(server.log).toEqual(["version", "EVALSHA", "EVALSHA", "version", "EVALSHA"]);
  });

  it("says READONLY of a replica that takes writes, too: clients that reconnect at that word heal", () => {
    const [, message = ""] = /err = '(REPLICA [^']*)'/.exec(versionScript) ?? [];
    expect([errorWord(new Error(message)), message.includes("READONLY")]).toEqual(["REPLICA", true]);
  });

  it("sends no call to a replica that takes writes, and looks again at the next", async () => {
    const { server, stores } = connected();
    server.version = new Error("REPLICA This server is a replica that takes writes.");
    const refused = {
      code: "STORE_UNAVAILABLE",
      outcome: "not-applied",
      message: expect.stringMatching(/takes writes/),
    };
    await expect(missing(stores)).rejects.toMatchObject(refused);
    await expect(missing(stores)).rejects.toMatchObject(refused);
    server.version = null;
    expect(await missing(stores)).toBeNull();
    expect(server.log).toEqual(["version", "version", "version", "EVALSHA"]);
  });

  it("does not send a call that is aborted meanwhile", async () => {
    const { server, stores } = connected();
    const caller = new AbortController();
    server.onVersion = async () => caller.abort(new Error("The caller has gone."));
    await expect(stores.sessions.get("an-id", { signal: caller.signal })).rejects.toThrow();
    expect(server.log).toEqual(["version"]);
  });
});

describe("a server that may become a replica while it is connected", () => {
  it("is asked for its role by one call in 50 ms, and again after a call that failed", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { server, stores } = fake(null);
    server.known = true;
    await missing(stores);
    await missing(stores);
    vi.advanceTimersByTime(49);
    await missing(stores);
    vi.advanceTimersByTime(1);
    server.refusal = new Error("REPLICA This server is a replica that takes writes.");
    const refused = { outcome: "not-applied", message: expect.stringMatching(/takes writes/) };
    await expect(missing(stores)).rejects.toMatchObject(refused);
    await expect(missing(stores)).rejects.toMatchObject(refused);
    server.refusal = undefined;
    expect(await missing(stores)).toBeNull();
    await missing(stores);
    expect(server.instants).toEqual(["role", "", "", "role", "role", "role", ""]);
  });

  it("is asked by every call without a proof that was sent for within 100 ms, answered or not", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { server, stores } = fake(null);
    server.known = true;
    const answers: (() => void)[] = [];
    server.onCall = () => new Promise((resolve) => answers.push(resolve));
    const send = async () => {
      const count = answers.length;
      const reply = missing(stores);
      while (answers.length === count) await new Promise((resolve) => setImmediate(resolve));
      return () => [answers[count]?.(), reply][1];
    };
    const [first, beside] = [await send(), await send()];
    vi.advanceTimersByTime(40);
    await first();
    await (await send())();
    vi.advanceTimersByTime(10);
    // One call asks for the next proof in time. The first one still counts.
    const [second, meanwhile] = [await send(), await send()];
    await meanwhile();
    vi.advanceTimersByTime(50);
    const unproven = [await send(), await send()];
    await second();
    // An answer that comes late takes no later proof away.
    await beside();
    await (await send())();
    vi.advanceTimersByTime(49);
    await (await send())();
    vi.advanceTimersByTime(1);
    const overdue = [await send(), await send()];
    await Promise.all([...unproven, ...overdue].map((answer) => answer()));
    expect(server.instants).toEqual(["role", "role", "", "role", "", "role", "role", "", "", "role", "role"]);
  });

  it("is not asked by the nodes of a cluster, which redirect, nor by tests with a clock, nor by ping", async () => {
    const { server, port, stores } = fake(null);
    server.known = true;
    await stores.ping();
    await missing(createRedisStores({ ...port, cluster: true }));
    await missing(createRedisStores(port, { clock: { now: () => 5 } }));
    expect(server.instants).toEqual(["", "", "5"]);
  });
});
