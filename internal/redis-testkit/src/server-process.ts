// One process of the Redis program, as a server or as a sentinel: on a free port, in a folder of its own, always stopped.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisServer } from "./find-server.ts";
import { freePort } from "./free-port.ts";
import { type GuardedProcess, startGuarded } from "./guarded-process.ts";
import { type RedisEndpoint, type Reply, redisCommand } from "./resp-command.ts";

export interface RunningRedis extends RedisEndpoint {
  /** Of the server that runs now. */
  readonly pid: number;
  /** One command as this endpoint's user. */
  command(...words: readonly (string | Uint8Array)[]): Promise<Reply>;
  /** SIGSTOP freezes it, SIGCONT thaws it; other signals are waited for until it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and folder, with the configuration it had rewritten; kills it before, if need be. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. Idempotent. */
  stop(): Promise<void>;
}

/** How one kind of server is started. */
export interface ServerRecipe<E extends RedisEndpoint> {
  endpoint(port: number): E;
  /** The lines of its configuration file. Asked for anew for each port that is tried. */
  configuration(port: number, folder: string): Promise<readonly string[]>;
  /** Arguments after the configuration file. */
  args?: readonly string[];
  /** Whether a line of its log says that it serves. */
  isReady(line: string): boolean;
  /** Called when the server ended without `kill`, `restart` or `stop`. */
  onEnd?: (() => void) | undefined;
}

const PORT_TRIES = 10;

/** Rejects with the server's last lines where it does not start. */
export async function startServer<E extends RedisEndpoint>(recipe: ServerRecipe<E>): Promise<RunningRedis & E> {
  const program = await findRedisServer();
  const folder = await mkdtemp(join(tmpdir(), "tollbooth-redis-"));
  const file = join(folder, "redis.conf");
  const start = () => startGuarded(program, [file, ...(recipe.args ?? [])], folder, recipe.isReady);
  try {
    for (let tries = 1; ; tries += 1) {
      const port = await freePort();
      await writeFile(file, (await recipe.configuration(port, folder)).join("\n"), { mode: 0o600 });
      try {
        return running(recipe.endpoint(port), await start(), start, folder, recipe.onEnd);
      } catch (error) {
        if (tries === PORT_TRIES || !String(error).includes("Address already in use")) throw error;
      }
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function running<E extends RedisEndpoint>(
  endpoint: E,
  first: GuardedProcess,
  start: () => Promise<GuardedProcess>,
  folder: string,
  onEnd: () => void = () => undefined,
): RunningRedis & E {
  let server = first;
  let alive = true;
  let told = false;
  const watch = (started: GuardedProcess) => {
    server = started;
    alive = true;
    told = false;
    void started.ended.then(() => {
      if (server !== started) return;
      alive = false;
      if (!told) onEnd();
    });
  };
  watch(first);
  const kill = async (signal: NodeJS.Signals) => {
    told ||= signal !== "SIGSTOP" && signal !== "SIGCONT";
    if (!alive) return;
    server.kill(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await server.ended;
  };
  return {
    ...endpoint,
    get pid() {
      return server.pid;
    },
    command: (...words) => redisCommand(endpoint, ...words),
    kill,
    async restart() {
      await kill("SIGKILL");
      watch(await start());
    },
    async stop() {
      await kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A value in a configuration file of Redis. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** A server without TLS on the loopback. */
export function plainEndpoint(port: number, password?: string): RedisEndpoint {
  const login = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  return {
    host: "127.0.0.1",
    port,
    url: `redis://${login}127.0.0.1:${port}`,
    ...(password === undefined ? {} : { password }),
  };
}
