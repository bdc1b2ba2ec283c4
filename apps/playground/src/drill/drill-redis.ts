// The Redis of the shared lanes: a private one that may be killed, or the user's, of which only our own keys are touched.
import { randomBytes } from "node:crypto";
import { createClient } from "redis";
import { UsageError } from "../command-line.ts";
import { privateRedis } from "../process/private-redis.ts";

export interface DrillRedis {
  url: string;
  /** For people: never holds a password. */
  where: string;
  /** A key prefix of this drill's own. */
  prefixOf(lane: string): string;
  /** kill -9, and started again on its append-only file; undefined where the Redis is the user's. */
  restart: (() => Promise<void>) | undefined;
  /** Resolves with what happened when it is gone for good. */
  readonly lost: Promise<string>;
  /** Removes what the drill has left in it, or ends it. Returns how many keys were removed. Idempotent. */
  close(): Promise<number>;
}

/** A Redis of the user's is given up when it has not answered for so long, in milliseconds. */
const lostAfterMs = 10_000;
const lookEveryMs = 1_000;
/** Errors of the server's begin with a word such as WRONGPASS. */
const serverError = /^[A-Z]{5,} /;

/** Throws a UsageError that says how to get one where there is no server. */
export async function ownRedis(): Promise<DrillRedis> {
  let tellLost: (what: string) => void = () => undefined;
  const lost = new Promise<string>((resolve) => {
    tellLost = resolve;
  });
  const redis = await privateRedis({
    withYours: "npm run drill -- --redis-url redis://...",
    onEnd: () => tellLost("The private Redis ended by itself"),
  });
  return {
    url: redis.url,
    where: `private, pid ${redis.pid}, append-only file with fsync always`,
    prefixOf: (lane) => `drill:${lane}`,
    restart: () => redis.restart(),
    lost,
    async close() {
      await redis.stop();
      return 0;
    },
  };
}

/** Throws a UsageError where it cannot be used. */
export async function usersRedis(url: string): Promise<DrillRedis> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^rediss?:$/.test(parsed.protocol))
    throw new UsageError("--redis-url must be like redis://user:password@host:6379/0, or rediss:// for TLS.");
  const where = parsed.host;
  const prefix = `tollbooth-drill:${randomBytes(6).toString("hex")}`;
  let reached = false;
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: 5_000,
      reconnectStrategy: () => (reached ? lookEveryMs : new Error("It cannot be reached.")),
    },
  });
  // Later ones are told by what the looks below find.
  let refused = false;
  client.on("error", (error: unknown) => {
    refused ||= error instanceof Error && serverError.test(error.message);
  });
  try {
    await client.connect();
    await client.ping();
    reached = true;
  } catch {
    client.destroy();
    const said = refused ? "refuses the connection" : "is not there";
    throw new UsageError(`The Redis at ${where} ${said}. Check host, port, user and password of --redis-url.`);
  }

  let answeredAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const lost = new Promise<string>((resolve) => {
    timer = setInterval(() => {
      client.ping().then(
        () => {
          answeredAt = performance.now();
        },
        () => undefined,
      );
      if (performance.now() - answeredAt > lostAfterMs)
        resolve(`The Redis at ${where} has not answered for ${lostAfterMs / 1_000} s`);
    }, lookEveryMs);
  });

  const removeKeys = async (): Promise<number> => {
    let removed = 0;
    for await (const keys of client.scanIterator({ MATCH: `${prefix}:*`, COUNT: 500 })) {
      if (keys.length > 0) removed += await client.unlink(keys);
    }
    return removed;
  };
  const close = async (): Promise<number> => {
    clearInterval(timer);
    try {
      return await removeKeys();
    } catch {
      throw new Error(
        `The drill's keys could not be removed from the Redis at ${where}. They begin with ${prefix}: and expire by themselves.`,
      );
    } finally {
      client.destroy();
    }
  };
  let closing: Promise<number> | undefined;
  return {
    url,
    where,
    prefixOf: (lane) => `${prefix}:${lane}`,
    restart: undefined,
    lost,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
