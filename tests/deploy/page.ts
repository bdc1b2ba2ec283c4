// docs/deployment.md: its blocks of commands, and those in its text.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./files.ts";

export const page: string = readFileSync(join(root, "docs", "deployment.md"), "utf8");

export interface Commands {
  /** Of `<!-- run: name -->` before the block: a test runs its lines in this order. */
  name: string | undefined;
  lines: string[];
}

/** Each block of shell commands, without comments. */
export const blocks: readonly Commands[] = [
  ...page.matchAll(/(?:<!-- run: (\w+) -->\n\n)? *```sh\n([\s\S]*?)\n *```/g),
].map(([, name, text = ""]) => ({
  name,
  lines: text.split("\n").map((line) => line.replace(/ +# .*/, "").trim()),
}));

/** The lines of the block of that name. Throws where the page has none. */
export function linesOf(name: string): readonly string[] {
  const found = blocks.find((block) => block.name === name);
  if (found === undefined) throw new Error(`The page has no block to run that is named ${name}.`);
  return found.lines;
}

/** Commands in the page's text, as `redis-cli -h <redis host> -e ping` in the checklist. */
export const inText: readonly string[] = [
  ...page.replace(/```[\s\S]*?```/g, "").matchAll(/`((?:redis-cli|curl|kubectl|docker compose|openssl|npx) [^`]+)`/g),
].map(([, command = ""]) => command);
