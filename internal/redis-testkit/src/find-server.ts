// Where the programs redis-server, redis-cli and haproxy are: named by a variable, on the PATH, or installed now where that can be done.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findProgram, type Wanted } from "./find-program.ts";

const run = promisify(execFile);

const redisServer: Wanted = {
  variable: "TOLLBOOTH_REDIS_SERVER",
  programs: ["redis-server", "valkey-server"],
  packages: ["redis-server"],
  need: "A real Redis (6.2 or newer) or Valkey is needed, and there is none",
  howTo:
    'Install it ("apt-get install redis-server", "apk add redis", "dnf install valkey", "brew install redis"), or set ' +
    "TOLLBOOTH_REDIS_SERVER to the path of redis-server or valkey-server. It need not be running.",
};

const redisCli: Wanted = {
  variable: "TOLLBOOTH_REDIS_CLI",
  programs: ["redis-cli", "valkey-cli"],
  packages: ["redis-tools"],
  need: "A redis-cli (7.0 or newer) or valkey-cli is needed to run a health check, and there is none",
  howTo:
    'Install it ("apt-get install redis-tools"), or set TOLLBOOTH_REDIS_CLI to the path of redis-cli or valkey-cli.',
};

const haproxy: Wanted = {
  variable: "TOLLBOOTH_HAPROXY",
  programs: ["haproxy"],
  places: ["/usr/sbin/haproxy"],
  packages: ["haproxy"],
  need: "HAProxy (2.6 or newer) is needed to try the balancer of the Compose file, and there is none",
  howTo: 'Install it ("apt-get install haproxy", "brew install haproxy"), or set TOLLBOOTH_HAPROXY to its path.',
};

export interface FindOptions {
  /** Whether a missing server may be installed, where that can be done. Default true. */
  install?: boolean | undefined;
}

let found: Promise<string> | undefined;

/**
 * The path of `redis-server` or `valkey-server`. On Debian and Ubuntu, as root, a missing one is installed with apt-get,
 * which is said on stderr. Throws how to get one where that cannot be done. Installed once a process at most.
 */
export function findRedisServer({ install = true }: FindOptions = {}): Promise<string> {
  if (!install) return findProgram(redisServer, false);
  found ??= findProgram(redisServer, true);
  return found;
}

/** The path of `redis-cli` or `valkey-cli`, which is found and installed as the server is. */
export function findRedisCli(): Promise<string> {
  return findProgram(redisCli, true);
}

/** The path of HAProxy, likewise. */
export function findHaproxy(): Promise<string> {
  return findProgram(haproxy, true);
}

/** Whether the server is Redis 7 or newer, or Valkey. Redis 6.2 has no sharded channels, rights of subcommands, or `cluster-port`. */
export async function isRedis7OrNewer(): Promise<boolean> {
  const { stdout } = await run(await findRedisServer(), ["--version"]);
  return Number(/ v=(\d+)/.exec(stdout)?.[1]) >= 7;
}
