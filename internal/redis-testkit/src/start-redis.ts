// A real Redis for a test: on loopback, a free port, a temporary folder, and gone when the test is.
import type { RedisEndpoint } from "./resp-command.ts";
import { plainEndpoint, quoted, type RunningRedis, startServer } from "./server-process.ts";

export type { RunningRedis } from "./server-process.ts";

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
  /** As on the command line, after all of these, e.g. ["--appendonly", "yes"]. */
  args?: readonly string[] | undefined;
  /** Told when the server ended without having been told to by `kill`, `restart` or `stop`. */
  onEnd?: (() => void) | undefined;
}

/** What makes an endpoint out of a port: plain here, TLS in start-tls-redis.ts. */
export interface Listening<E extends RedisEndpoint> {
  endpoint(port: number): E;
  /** Lines of redis.conf that make the server listen on `port`. */
  listen(port: number, folder: string): readonly string[] | Promise<readonly string[]>;
}

/** Starts a Redis without TLS. Rejects with what the server said where it does not start. */
export function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  return startListening(options, plainListening(options.requirepass));
}

export function plainListening(password: string | undefined): Listening<RedisEndpoint> {
  return { endpoint: (port) => plainEndpoint(port, password), listen: (port) => [`port ${port}`] };
}

/** Starts a Redis that listens in the given way. */
export function startListening<E extends RedisEndpoint>(
  options: RedisOptions,
  { endpoint, listen }: Listening<E>,
): Promise<RunningRedis & E> {
  return startServer({
    endpoint,
    args: options.args ?? [],
    configuration: async (port, folder) => [...(await listen(port, folder)), ...configuration(options, folder)],
    isReady: (line) => line.includes("Ready to accept connections"),
    onEnd: options.onEnd,
  });
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
