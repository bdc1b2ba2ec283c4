// A Redis Sentinel that watches one server: enough for clients to be told where the primary is.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisServer } from "./find-server.ts";
import { freePort } from "./free-port.ts";
import { startGuarded } from "./guarded-process.ts";
import type { RedisEndpoint } from "./resp-command.ts";

export interface RunningSentinel {
  readonly host: string;
  readonly port: number;
  /** What it calls the primary. */
  readonly name: string;
  stop(): Promise<void>;
}

/** Starts a sentinel for a server that asks for no password. */
export async function startSentinel(primary: RedisEndpoint): Promise<RunningSentinel> {
  const [program, port, folder] = await Promise.all([
    findRedisServer(),
    freePort(),
    mkdtemp(join(tmpdir(), "tollbooth-redis-")),
  ]);
  const file = join(folder, "sentinel.conf");
  const lines = [
    "bind 127.0.0.1",
    `port ${port}`,
    `dir "${folder}"`,
    `sentinel monitor mymaster ${primary.host} ${primary.port} 1`,
  ];
  await writeFile(file, lines.join("\n"));
  const sentinel = await startGuarded(program, [file, "--sentinel"], folder, (line) =>
    line.includes("+monitor master"),
  );
  return {
    host: "127.0.0.1",
    port,
    name: "mymaster",
    async stop() {
      sentinel.kill("SIGKILL");
      await sentinel.ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
