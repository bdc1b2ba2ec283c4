// Makes a bare clone ready: installs with the pinned pnpm when something about the dependencies changed,
// and runs workspace tools on the repository's own Node (the `node` devDependency). Needs only Node 20.19+ and npm.
import { spawn } from "node:child_process";
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
export async function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node 20.19 or newer is needed; this is ${process.versions.node}.`);
  const want = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === want) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.log(`Installing with ${packageManager} ...`);
  const install = ["--yes", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"];
  const status = await ended(
    spawn("npx", install, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      shell: process.platform === "win32",
    }),
  );
  if (status !== 0) fail("The install failed; its output is above.");
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, want);
}

/** Runs a workspace binary to its end and gives its exit status. A stop signal meanwhile stops it, and then this process. */
export function run(command, args, options = {}) {
  const stdio = ["ignore", "inherit", "inherit"];
  return ended(spawn(join(bin, command), args, { cwd: root, stdio, env: workspaceEnv, ...options }));
}

/** The exit status of a child; not spawnSync, under which a signal ends the parent alone and leaves the child behind. */
function ended(child) {
  const stopped = passSignalsTo(child);
  return new Promise((resolve) => {
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code) => {
      const signal = stopped();
      if (signal !== undefined) process.exit(128 + constants.signals[signal]);
      resolve(code ?? 1);
    });
  });
}

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Passes every stop signal on to the child. npm passes on what it gets, but one that is killed cannot: where npm has started
 * this process, its end is a SIGTERM too. Returns a function that ends this, and gives the first signal that there was.
 */
function passSignalsTo(child) {
  let first;
  const pass = (signal) => {
    first ??= signal;
    child.kill(signal);
  };
  for (const signal of stopSignals) process.on(signal, pass);
  const parent = process.ppid;
  // biome-ignore lint/suspicious/noUndeclaredEnvVars: no task of turbo's reads it.
  const isNpms = process.env.npm_lifecycle_event !== undefined;
  const look = () => {
    // An orphan has another parent.
    if (process.ppid === parent) return;
    clearInterval(watch);
    pass("SIGTERM");
  };
  const watch = isNpms ? setInterval(look, 500).unref() : undefined;
  return () => {
    for (const signal of stopSignals) process.off(signal, pass);
    clearInterval(watch);
    return first;
  };
}

/** Streams for `become`: the same as this process's, and a channel by whose end the program notices that this process was killed. */
export const streamsAndEnd = ["inherit", "inherit", "inherit", "ipc"];

/** Becomes the given program: same streams, its exit status, and every stop signal passed on. */
export function become(command, args, options = {}) {
  const child = spawn(join(bin, command), args, { cwd: root, stdio: "inherit", env: workspaceEnv, ...options });
  passSignalsTo(child);
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

export function fail(message) {
  console.error(message);
  process.exit(1);
}
