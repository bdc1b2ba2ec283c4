// A real Redis for a test: on loopback, a free port, a temporary folder, and gone when the test is.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisServer } from "./find-server.ts";
import { freePort } from "./free-port.ts";
import { type GuardedProcess, startGuarded } from "./guarded-process.ts";
import { type RedisEndpoint, type Reply, redisCommand } from "./resp-command.ts";

export interface RedisOptions {
  /** "always": every write is on disk before its reply, and survives kill("SIGKILL") and restart(). Default "no". */
  appendFsync?: "always" | "no" | undefined;
  /**
   * True: every write survives kill("SIGKILL") and restart(). It is in the system's hands before its reply, which is enough
   * for that, though perhaps not on the disk: no reply waits for one that others keep busy. Default false.
   */
  survivesKill?: boolean | undefined;
  /** E.g. "2mb"; the policy is noeviction. */
  maxmemory?: string | undefined;
  /** Password of the default user. */
  requirepass?: string | undefined;
  /** Users beside the default one, each as ACL rules, e.g. { app: "on >secret ~* +@all" }. */
  users?: Readonly<Record<string, string>> | undefined;
  /** Any other lines of redis.conf, e.g. ["replicaof 127.0.0.1 6379"]. */
  config?: readonly string[] | undefined;
  /** Told when the server ended without having been told to by `kill`, `restart` or `stop`. */
  onEnd?: (() => void) | undefined;
}

export interface RunningRedis extends RedisEndpoint {
  /** Of the server that runs now. */
  readonly pid: number;
  /** One command as this endpoint's user. */
  command(...words: readonly string[]): Promise<Reply>;
  /** SIGSTOP freezes it, SIGCONT thaws it; other signals are waited for until it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and folder; kills it before, if need be. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. Idempotent. */
  stop(): Promise<void>;
}

/** What makes an endpoint out of a port: plain here, TLS in start-tls-redis.ts. */
export interface Listening<E extends RedisEndpoint> {
  endpoint(port: number): E;
  /** Lines of redis.conf that make the server listen on `port`. */
  listen(port: number, folder: string): readonly string[] | Promise<readonly string[]>;
}

const PORT_TRIES = 10;

/** Starts a Redis without TLS. Rejects with what the server said where it does not start. */
export function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const { requirepass } = options;
  const login = requirepass === undefined ? "" : `:${encodeURIComponent(requirepass)}@`;
  return startListening(options, {
    endpoint: (port) => ({
      host: "127.0.0.1",
      port,
      url: `redis://${login}127.0.0.1:${port}`,
      ...(requirepass === undefined ? {} : { password: requirepass }),
    }),
    listen: (port) => [`port ${port}`],
  });
}

/** Starts a Redis that listens in the given way. */
export async function startListening<E extends RedisEndpoint>(
  options: RedisOptions,
  listening: Listening<E>,
): Promise<RunningRedis & E> {
  const program = await findRedisServer();
  const folder = await mkdtemp(join(tmpdir(), "tollbooth-redis-"));
  const start = async (port: number) => {
    const file = join(folder, "redis.conf");
    const lines = [...(await listening.listen(port, folder)), ...configuration(options, folder)];
    await writeFile(file, lines.join("\n"), { mode: 0o600 });
    return startGuarded(program, [file], folder, (line) => line.includes("Ready to accept connections"));
  };
  try {
    const { port, server } = await onFreePort(start);
    return running(listening.endpoint(port), server, () => start(port), folder, options.onEnd);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function onFreePort(
  start: (port: number) => Promise<GuardedProcess>,
): Promise<{ port: number; server: GuardedProcess }> {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    try {
      return { port, server: await start(port) };
    } catch (error) {
      if (tries === PORT_TRIES || !String(error).includes("Address already in use")) throw error;
    }
  }
}

function configuration(options: RedisOptions, folder: string): string[] {
  const { appendFsync = "no", survivesKill = false, maxmemory, requirepass, users = {}, config = [] } = options;
  return [
    "bind 127.0.0.1",
    `dir ${quoted(folder)}`,
    'save ""',
    // A replica is served at once; otherwise Redis waits 5 s for more of them.
    "repl-diskless-sync-delay 0",
    `appendonly ${appendFsync === "always" || survivesKill ? "yes" : "no"}`,
    `appendfsync ${appendFsync}`,
    ...(maxmemory === undefined ? [] : [`maxmemory ${maxmemory}`, "maxmemory-policy noeviction"]),
    ...(requirepass === undefined ? [] : [`requirepass ${quoted(requirepass)}`]),
    ...Object.entries(users).map(([name, rules]) => `user ${name} ${rules}`),
    ...config,
  ];
}

/** A value in redis.conf. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
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
