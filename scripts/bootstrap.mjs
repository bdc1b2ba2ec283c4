// Makes a bare clone ready: installs with the pinned pnpm when something about the dependencies changed,
// and runs workspace tools on the repository's own Node (the `node` devDependency). Needs only Node 20.19+ and npm.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { root, workspaceFolders } from "./workspace-folders.mjs";

const bin = join(root, "node_modules", ".bin");
const stampFile = join(root, "node_modules", ".tollbooth-installed");

/** The environment in which the workspace's own binaries, its pinned Node first among them, win. */
export const workspaceEnv = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
};

function manifests() {
  const found = ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml"];
  for (const folder of workspaceFolders()) found.push(join(folder, "package.json"));
  return found.map((file) => join(root, file));
}

function stamp() {
  const hash = createHash("sha256").update(process.platform + process.arch);
  for (const file of manifests()) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest("hex");
}

/** Installs what the lockfile says, unless the last install here was of exactly these manifests. */
export function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node 20.19 or newer is needed; this is ${process.versions.node}.`);
  const want = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === want) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.log(`Installing with ${packageManager} ...`);
  const done = spawnSync("npx", ["--yes", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (done.status !== 0) fail("The install failed; its output is above.");
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, want);
}

/** Runs a workspace binary to its end and gives its exit status. */
export function run(command, args, options = {}) {
  const done = spawnSync(join(bin, command), args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: workspaceEnv,
    ...options,
  });
  return done.status ?? 1;
}

/** Becomes the given program: same streams, its exit status, and every stop signal passed on. */
export function become(command, args, options = {}) {
  const child = spawn(join(bin, command), args, { cwd: root, stdio: "inherit", env: workspaceEnv, ...options });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

export function fail(message) {
  console.error(message);
  process.exit(1);
}
