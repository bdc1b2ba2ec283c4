// A Redis of the playground's own, for `npm start -- --redis` and the drill: on loopback, a free port, gone at the end.
import { randomBytes } from "node:crypto";
import { findRedisServer, type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { UsageError } from "../command-line.ts";

export interface PrivateRedisOptions {
  /** How to do the same with a Redis of the user's, for the message where there is no server. */
  withYours?: string | undefined;
  /** Told when it ended by itself, instead of starting it again. */
  onEnd?: (() => void) | undefined;
}

/** Whether `privateRedis` would find a server. */
export async function hasRedisServer(): Promise<boolean> {
  return findRedisServer({ install: false }).then(
    () => true,
    () => false,
  );
}

/**
 * Starts it with AOF and fsync always, a password and a limit of memory: what was answered survives its crash. When it ends by
 * itself it is started again, which is told on stderr, as is its return. Throws a UsageError that says how to get one where there is
 * none; nothing is installed.
 */
export async function privateRedis({
  withYours = "REDIS_URL=redis://... npm start -- --instances 3 --stores redis",
  onEnd,
}: PrivateRedisOptions = {}): Promise<RunningRedis> {
  await findRedisServer({ install: false }).catch((error: unknown) => {
    const said = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${said}\nOr use a Redis of yours: ${withYours}`);
  });
  const startAgain = () => {
    console.error("The private Redis ended by itself; starting it again. Payments answer 503 until it is back.");
    redis.restart().then(
      () => console.error(`The private Redis is back (pid ${redis.pid}).`),
      (error: unknown) => console.error(`It does not start: ${error instanceof Error ? error.message : String(error)}`),
    );
  };
  // As a Redis for payments must be: a warning in the terminal would leave its reader nothing to mend.
  const safe = {
    appendFsync: "always",
    maxmemory: "256mb",
    requirepass: randomBytes(18).toString("base64url"),
  } as const;
  const redis = await startRedis({ ...safe, onEnd: onEnd ?? startAgain });
  return redis;
}
