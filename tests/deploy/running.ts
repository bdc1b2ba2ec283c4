// What the Compose file starts, as processes of this machine: its Redis and gateways, from the image's files.
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { listen } from "@tollbooth-stores/example/listen";
import { openSandboxLedger, payTo, type SandboxControls, sandboxControls } from "@tollbooth-stores/sandbox";
import { openUpstream } from "@tollbooth-stores/sandbox/upstream";
import { argumentsOf, execForm, folder, root, stages } from "./files.ts";

export interface Ran {
  status: number;
  output: string;
}

/** Runs a program to its end. Its environment is `env` and the PATH, nothing else of this process's. */
export function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, timeout: 300_000 };
    execFile(program, [...args], options, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), output: out + err });
    });
  });
}

export interface Image {
  /** What is /app in the image. */
  app: string;
  /** ENV of the Dockerfile, with the folder in place of /app. */
  env: Record<string, string>;
  cmd: string[];
  healthcheck: string[];
  remove(): void;
}

/** Makes the image's files by the Dockerfile's own last RUN, from a repository that is built, and mounts the configuration. */
export async function makeImage(repository: string = root): Promise<Image> {
  const app = mkdtempSync(join(tmpdir(), "tollbooth-image-"));
  const [build = [], image = []] = stages();
  const inApp = (text: string) => text.replaceAll(/(^|[\s=])\/app\b/g, `$1${app}`);
  // Everything was downloaded when the repository was installed.
  const env = { npm_config_prefer_offline: "true", CI: "true" };
  const { status, output } = await run("sh", ["-c", inApp(argumentsOf(build, "RUN"))], repository, env);
  if (status !== 0) throw new Error(`The image's files could not be made:\n${output}`);
  copyFileSync(join(folder, "tollbooth.config.yaml"), join(app, "tollbooth.config.yaml"));
  const variables = inApp(argumentsOf(image, "ENV")).matchAll(/(\w+)=(\S+)/g);
  return {
    app,
    env: Object.fromEntries([...variables].map(([, name = "", value = ""]) => [name, value])),
    cmd: execForm(argumentsOf(image, "CMD")),
    healthcheck: execForm(argumentsOf(image, "HEALTHCHECK")),
    remove: () => rmSync(app, { recursive: true, force: true }),
  };
}

export interface Gateway {
  url: string;
  /** Its exit code, once it has ended. */
  ended: Promise<number | null>;
  printed(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Runs the image's CMD in its folder. */
export function spawnGateway(
  image: Image,
  environment: Readonly<Record<string, string>>,
): { child: ChildProcessByStdio<null, Readable, Readable>; ended: Promise<number | null> } {
  const [, ...args] = image.cmd;
  const env = { PATH: process.env.PATH, ...image.env, ...environment };
  const child = spawn(process.execPath, args, { cwd: image.app, env, stdio: ["ignore", "pipe", "pipe"] });
  return { child, ended: once(child, "exit").then(([code]) => code) };
}

/** The same. Resolves once it serves. */
export async function startGateway(image: Image, environment: Readonly<Record<string, string>>): Promise<Gateway> {
  const { child, ended } = spawnGateway(image, environment);
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (text: string) => {
      printed += text;
      const served = /"url":"(http:[^"]+)".*"msg":"listening"/.exec(printed)?.[1];
      if (served !== undefined) resolve(served);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    void ended.then((code) => reject(new Error(`The gateway ended with ${code}:\n${printed}`)));
  });
  return { url, ended, printed: () => printed, kill: (signal) => void child.kill(signal) };
}

export interface Surroundings {
  controls: SandboxControls;
  /** The addresses that an operator would write into .env. */
  variables: Record<"FACILITATOR_URL" | "CHAIN_URL" | "UPSTREAM_URL" | "PAY_TO", string>;
  stop(): Promise<void>;
}

/** The simulated chain, its facilitator, and the API that is sold. */
export async function startSurroundings(): Promise<Surroundings> {
  const logDirectory = mkdtempSync(join(tmpdir(), "tollbooth-deploy-"));
  const [ledgerApp, upstreamApp] = [openSandboxLedger(logDirectory), openUpstream(logDirectory)];
  const [ledger, upstream] = [await listen(ledgerApp.fetch, 0), await listen(upstreamApp.fetch, 0)];
  return {
    controls: sandboxControls(() => ({ ledger, upstream, logDirectory })),
    variables: {
      FACILITATOR_URL: `${ledger.url}/facilitator`,
      CHAIN_URL: `${ledger.url}/rpc`,
      UPSTREAM_URL: upstream.url,
      PAY_TO: payTo,
    },
    async stop() {
      await Promise.all([ledger.stop(100), upstream.stop(100)]);
      ledgerApp.close();
      upstreamApp.close();
      rmSync(logDirectory, { recursive: true });
    },
  };
}
