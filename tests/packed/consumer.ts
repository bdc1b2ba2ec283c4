// A user's project: empty, outside the repository, with one package installed from its tarball.
import { mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { output } from "./run.ts";

/** The project's folder. */
export async function emptyProject(name: string): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "tollbooth-packed-")));
  await write(folder, { "package.json": JSON.stringify({ name, private: true, type: "module" }) });
  return folder;
}

/** Writes files below `folder`, by path. */
export async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** npm install, as a user types it; a hanging connection is given up before npm's own five minutes. `node`: the binary that npm runs on. */
export async function npmInstall(folder: string, specs: readonly string[], node = process.execPath): Promise<void> {
  await output(
    "npm",
    ["install", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-timeout=30000", ...specs],
    folder,
    // npm runs on the first node of the path, whose version it compares with what packages need.
    { PATH: [dirname(node), process.env.PATH].join(delimiter) },
  );
}
