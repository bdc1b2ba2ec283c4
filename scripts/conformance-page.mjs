// docs/conformance-runs.md, whose two parts come from different runs: each writer leaves the other part as it stands.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace-folders.mjs";

const file = join(root, "docs", "conformance-runs.md");

/** Every part begins with its heading. */
const headings = { clients: "# What ran where", servers: "## On every server" };

/** Replaces one part: "clients" (`npm run test:all`) or "servers" (`npm run test:servers`). `text` begins below the heading. */
export function writePart(name, text) {
  const page = existsSync(file) ? readFileSync(file, "utf8") : "";
  const at = page.indexOf(`\n${headings.servers}\n`);
  const parts = {
    clients: at < 0 ? page : page.slice(0, at),
    servers: at < 0 ? "" : page.slice(at + 1),
    [name]: `${headings[name]}\n\n${text.trim()}\n`,
  };
  writeFileSync(file, `${parts.clients.trim()}\n${parts.servers === "" ? "" : `\n${parts.servers.trim()}\n`}`);
}
