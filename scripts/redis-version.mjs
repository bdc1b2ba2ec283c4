// Which Redis or Valkey a program is. Turbo hashes it, so that no server's test results are served for another.
import { spawnSync } from "node:child_process";

/** What the program says of its version and build, e.g. "Redis server v=7.0.15 ... build=ae4d7c971a948f0"; "" where it does not run. */
export function versionLine(program) {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "";
}

/** The same of the server that tests find: named by a variable, or on the PATH. */
export function foundVersionLine() {
  const named = process.env.TOLLBOOTH_REDIS_SERVER;
  if (named) return versionLine(named);
  return versionLine("redis-server") || versionLine("valkey-server");
}

/** E.g. { kind: "Redis", version: "7.0.15" }, or undefined where it is neither. */
export function parseVersion(line) {
  // Valkey 7.2 calls itself only "Server".
  const [, kind, version] = /^(Redis server|Valkey server|Server) v=([\d.]+)/.exec(line) ?? [];
  return version === undefined ? undefined : { kind: kind === "Redis server" ? "Redis" : "Valkey", version };
}
