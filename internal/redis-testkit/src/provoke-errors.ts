// Errors of a real server's own making, each with the words that none of them may show.
import type { Stores } from "@tollbooth-stores/core";
import type { RunningRedis } from "./start-redis.ts";

/** Stores on a connection that is described. The caller closes them. */
export type OpenStores = (options: {
  connection: { url: string };
  keyPrefix: string;
  commandTimeoutMs: number;
}) => Stores;

export interface ProvokedError {
  /** What was done, e.g. "wrong password". */
  about: string;
  error: unknown;
  secrets: readonly string[];
}

const check = {
  route: "GET /data",
  client: "a-client-nobody-may-see",
  policy: { algorithm: "fixed-window", limit: 9, windowMs: 60_000 },
} as const;
const data = { name: "data-nobody-may-see" };
const password = "password-nobody-may-see";
const secrets = [check.client, data.name, password];
/** On a busy machine a refusal takes its time. Where no server answers, the deadline itself is waited for: a shorter one. */
const refusedWithinMs = 5_000;

/** Provokes them one after the other. The server is left as it was, but for a user named "limited". */
export async function provokeErrors(redis: RunningRedis, open: OpenStores): Promise<ProvokedError[]> {
  const { host, port } = redis;
  const provoked: ProvokedError[] = [];
  const failing = async (
    about: string,
    url: string,
    run: (stores: Stores, keyPrefix: string) => Promise<unknown>,
    commandTimeoutMs = refusedWithinMs,
  ) => {
    const keyPrefix = `provoked-${provoked.length}`;
    let stores: Stores | undefined;
    try {
      stores = open({ connection: { url }, keyPrefix, commandTimeoutMs });
      const answer = await run(stores, keyPrefix);
      throw new Error(`${about}: answered ${JSON.stringify(answer)}`);
    } catch (error) {
      provoked.push({ about, error, secrets });
    } finally {
      await stores?.close();
    }
  };
  const consume = ({ rateLimits }: Stores) => rateLimits.consume(check);
  const create = ({ sessions }: Stores) => sessions.create({ data, idleTtlMs: 60_000 });
  const here = `redis://${host}:${port}`;

  await redis.command("ACL", "SETUSER", "limited", "on", `>${password}`, "~*", "&*", "+@all", "-evalsha", "-eval");
  await failing("EVALSHA is forbidden", `redis://limited:${password}@${host}:${port}`, create);
  await failing("wrong password", `redis://limited:not-the-${password}@${host}:${port}`, consume);
  await failing("unknown user", `redis://nobody:${password}@${host}:${port}`, consume);
  await failing("bad URL", `http://limited:${password}@${host}:${port}`, consume);
  await failing("bad port", `redis://limited:${password}@${host}:123456`, consume);
  await failing("no such database", `${here}/99`, consume);
  await failing("no server there", `redis://limited:${password}@${host}:1`, consume, 500);
  await redis.command("CONFIG", "SET", "maxmemory", "1");
  await failing("out of memory", here, create);
  await redis.command("CONFIG", "SET", "maxmemory", "0");
  await failing("a key of another type", here, async (stores, keyPrefix) => {
    const { record } = await stores.sessions.create({ data, idleTtlMs: 60_000 });
    const keys = await redis.command("KEYS", `${keyPrefix}*`);
    for (const key of Array.isArray(keys) ? keys.map(String) : []) {
      await redis.command("DEL", key);
      await redis.command("RPUSH", key, data.name);
    }
    return stores.sessions.get(record.id);
  });
  await redis.command("CONFIG", "SET", "min-replicas-to-write", "1");
  await failing("too few replicas", here, create);
  await redis.command("CONFIG", "SET", "min-replicas-to-write", "0");
  return provoked;
}
