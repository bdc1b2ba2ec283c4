// Where the redis-server program is: named by a variable, on the PATH, or installed now where that can be done.
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The variable that names the program, e.g. "/opt/valkey/bin/valkey-server". */
const SERVER_VARIABLE = "TOLLBOOTH_REDIS_SERVER";

/** How long another test run that is installing already may take. */
const INSTALL_WAIT_MS = 120_000;

export interface FindOptions {
  /** Whether a missing server may be installed, where that can be done. Default true. */
  install?: boolean | undefined;
}

let found: Promise<string> | undefined;

/**
 * The path of `redis-server` or `valkey-server`. On Debian and Ubuntu, as root, a missing one is installed with apt-get,
 * which is said on stderr. Throws how to get one where that cannot be done. Installed once a process at most.
 */
export function findRedisServer({ install: mayInstall = true }: FindOptions = {}): Promise<string> {
  if (!mayInstall) return search(async () => "it is not on the PATH");
  found ??= search(install);
  return found;
}

/** `whenMissing` says why there is none after it, or "" where there may be one now. */
async function search(whenMissing: () => Promise<string>): Promise<string> {
  const named = process.env[SERVER_VARIABLE];
  if (named !== undefined && named !== "") {
    if (await isProgram(named)) return named;
    throw new Error(`${SERVER_VARIABLE} names no program that can be run: ${named}`);
  }
  const present = await onPath();
  if (present !== undefined) return present;
  const refusal = await whenMissing();
  const installed = await onPath();
  if (installed !== undefined) return installed;
  throw new Error(
    `A real Redis (6.2 or newer) or Valkey is needed, and there is none: ${refusal}. Install it ` +
      `("apt-get install redis-server", "apk add redis", "dnf install valkey", "brew install redis"), or set ` +
      `${SERVER_VARIABLE} to the path of redis-server or valkey-server. It need not be running.`,
  );
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function onPath(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const program of ["redis-server", "valkey-server"]) {
    for (const folder of [...folders, "/usr/bin", "/usr/local/bin"]) {
      const path = join(folder, program);
      if (await isProgram(path)) return path;
    }
  }
  return undefined;
}

/** Says why nothing was installed, or "" when apt-get did its work. */
async function install(): Promise<string> {
  if (!(await isProgram("/usr/bin/apt-get"))) return "it is not on the PATH";
  if (process.getuid?.() !== 0) return "it is not on the PATH, and only root could install it";
  console.error("No redis-server on the PATH: running apt-get update && apt-get install -y redis-server ...");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const untilMs = Date.now() + INSTALL_WAIT_MS;
  for (;;) {
    try {
      await run("apt-get", ["update"], { env });
      await run("apt-get", ["install", "-y", "--no-install-recommends", "redis-server"], { env });
      return "";
    } catch (error) {
      // Two test runs may install at once: whoever meets apt's lock waits for the other one's server.
      if ((await onPath()) !== undefined) return "";
      if (Date.now() > untilMs || !String(error).includes("lock")) return `apt-get failed (${String(error)})`;
      await delay(1_000);
    }
  }
}
