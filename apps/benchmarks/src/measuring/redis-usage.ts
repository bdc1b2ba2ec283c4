// What a Redis spent: read from INFO before and after a slice.
import { type RedisEndpoint, redisCommand } from "@tollbooth-stores/redis-testkit";

/** Counters that only rise. */
export interface RedisCounters {
  /** Calls and microseconds of each command. */
  commands: Readonly<Record<string, { calls: number; us: number }>>;
  /** Microseconds of CPU time of the whole server. */
  cpuUs: number;
  /** How often the server read from a socket. Commands that arrive together take one read. */
  reads: number;
}

/** What one operation cost the server. */
export interface RedisUsage {
  /** Microseconds in commands (INFO commandstats). A script's own commands are in its time. */
  commandUs: number;
  /** Microseconds of CPU time in all (INFO cpu): parsing, replies and system calls too. */
  cpuUs: number;
  /** Commands that the client sent. With one call in flight, these are its round trips. */
  commands: number;
  reads: number;
}

const SCRIPT = /^(?:eval|evalsha|eval_ro|evalsha_ro)$/;
/** Sent by the benchmark itself, or once a connection. */
const NOT_COUNTED = /^(?:info|hello|client|config|ping|auth|select|cluster|command|script)(?:\||$)/;

const numberIn = (text: string, name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)?.[1] ?? 0);

/** Of INFO's text. */
export function parseCounters(info: string): RedisCounters {
  const commands: Record<string, { calls: number; us: number }> = {};
  for (const [, name = "", calls, us] of info.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)) {
    commands[name.toLowerCase()] = { calls: Number(calls), us: Number(us) };
  }
  const cpuUs = (numberIn(info, "used_cpu_user") + numberIn(info, "used_cpu_sys")) * 1_000_000;
  return { commands, cpuUs, reads: numberIn(info, "total_reads_processed") };
}

/** Of all given servers together. */
export async function readCounters(endpoints: readonly RedisEndpoint[]): Promise<RedisCounters[]> {
  return Promise.all(
    endpoints.map(async (endpoint) => parseCounters(String(await redisCommand(endpoint, "INFO", "all")))),
  );
}

/** What happened between two readings of one server. */
function difference(before: RedisCounters, after: RedisCounters): RedisUsage {
  const grown = Object.entries(after.commands)
    .filter(([name]) => !NOT_COUNTED.test(name))
    .map(([name, { calls, us }]) => {
      const earlier = before.commands[name] ?? { calls: 0, us: 0 };
      return { name, calls: calls - earlier.calls, us: us - earlier.us };
    })
    .filter(({ calls }) => calls > 0);
  // Where scripts ran, the other commands are theirs: INFO counts both, and a script's time holds its commands' time.
  const scripts = grown.filter(({ name }) => SCRIPT.test(name));
  const sent = scripts.length > 0 ? scripts : grown;
  const sum = (of: "calls" | "us") => sent.reduce((total, command) => total + command[of], 0);
  return {
    commandUs: sum("us"),
    cpuUs: after.cpuUs - before.cpuUs,
    commands: sum("calls"),
    reads: after.reads - before.reads,
  };
}

/** What one of `operations` cost between two readings. */
export function usageOf(
  before: readonly RedisCounters[],
  after: readonly RedisCounters[],
  operations: number,
): RedisUsage {
  const each = after.map((counters, at) => difference(before[at] ?? parseCounters(""), counters));
  const share = (of: keyof RedisUsage) => each.reduce((total, usage) => total + usage[of], 0) / operations;
  return { commandUs: share("commandUs"), cpuUs: share("cpuUs"), commands: share("commands"), reads: share("reads") };
}
