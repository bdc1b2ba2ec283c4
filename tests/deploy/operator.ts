// An operator who types the page's commands. Docker's part is played here: its containers are processes of this machine.
import { copyFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { findRedisCli } from "@tollbooth-stores/redis-testkit/servers";
import type { Composed } from "./composed.ts";
import { folder } from "./files.ts";
import { type Ran, run } from "./running.ts";

export interface Operator {
  /** What was typed has its words in <> replaced. Throws for a command of Docker's that is not played. */
  type(line: string, words?: Readonly<Record<string, string>>): Promise<Ran>;
  leave(): void;
}

/** The operator's folder is deploy/, with a copy of what its commands read. */
export async function operator({ image, environment, redis, services, volume }: Composed): Promise<Operator> {
  const home = mkdtempSync(join(tmpdir(), "tollbooth-operator-"));
  copyFileSync(join(folder, "owe.mjs"), join(home, "owe.mjs"));
  const cli = await findRedisCli();
  const inContainer = {
    ...{ ...environment, ...image.env, REDISCLI_AUTH: services.redis.environment?.REDISCLI_AUTH },
    ...{ APP: image.app, VOLUME: volume, NODE: process.execPath, CLI: `${cli} -h 127.0.0.1 -p ${redis.port}` },
  };
  const shell = (line: string) => run("sh", ["-c", line], home, inContainer);

  async function compose(words: string): Promise<Ran> {
    const [, action = "", rest = ""] = /^(\w+) (.*)$/.exec(words) ?? [];
    const [, service = "", command = ""] = /^(?:--?[\w-]+ )*(\w+) (.+)$/.exec(rest) ?? [];
    if (action === "exec" && service === "redis" && command.startsWith("redis-cli ")) {
      return shell(command.replace("redis-cli", "$CLI"));
    }
    if (action === "run" && service === "redis") return shell(command.replaceAll("/data", "$VOLUME"));
    if (action === "exec" && service === "gateway") {
      // What the shell reads from the operator's folder, the container's process reads from its own.
      const piped = command.replace(/< (\S+)$/, `< "${home}/$1"`).replace(/^node /, '"$NODE" ');
      return shell(`cd "$APP" && ${piped}`);
    }
    if (action === "cp") {
      const [from = "", to = ""] = rest.split(" ");
      const here = (path: string) =>
        path.startsWith("redis:/data") ? path.replace("redis:/data", volume) : join(home, path);
      cpSync(here(from), join(here(to), basename(from)), { recursive: true });
      return { status: 0, output: "" };
    }
    const named = rest.split(" ").filter((word) => !word.startsWith("-"));
    const unknown = named.filter((name) => !(name in services));
    if (unknown.length > 0) throw new Error(`There is no service ${unknown.join()}.`);
    if (action === "stop" && named.includes("redis")) await redis.kill("SIGTERM");
    else if (action === "up" && named.includes("redis")) await redis.restart();
    else if (action !== "stop" && action !== "up") throw new Error(`docker compose ${action} is not played.`);
    return { status: 0, output: "" };
  }

  return {
    async type(line, words = {}) {
      const typed = line.replace(/<([a-z ]+)>/g, (_, name: string) => words[name] ?? `<${name}>`);
      // "mkdir backup && ...": what comes before Docker is the shell's.
      const [, before = "", docker] = /^(.*&& )?docker compose (.*)$/.exec(typed) ?? [];
      if (docker === undefined) return shell(typed);
      if (before === "") return compose(docker);
      const { status, output } = await shell(`${before}echo "${docker}"`);
      return status === 0 ? compose(output.trim()) : { status, output };
    },
    leave: () => rmSync(home, { recursive: true, force: true }),
  };
}
