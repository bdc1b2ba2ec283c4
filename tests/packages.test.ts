// What every published package has: the same manifest rules, a README, and files that say what they are for.
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, type WorkspacePackage, workspacePackages } from "./workspace.ts";

const packages = workspacePackages();
const published = packages.filter(({ manifest }) => manifest.private !== true);

interface Needed {
  name: string;
  /** Its own `engines.node`. */
  node: string;
}

const manifestIn = (folder: string): WorkspacePackage["manifest"] =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** What comes with the package in `folder`, at every depth, as it is installed here. Peers are the user's choice. */
function neededBy(folder: string, seen: Map<string, Needed> = new Map()): Needed[] {
  // pnpm puts what a package needs beside it, and of our own packages into it.
  const beside = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")));
  for (const name of Object.keys(manifestIn(folder).dependencies ?? {})) {
    const places = [folder, beside].map((place) => join(place, "node_modules", name));
    const found = places.find((place) => existsSync(join(place, "package.json")));
    if (found === undefined) throw new Error(`${name} is not installed for ${folder}.`);
    const place = realpathSync(found);
    if (seen.has(place)) continue;
    seen.set(place, { name, node: String(Object(manifestIn(place).engines).node ?? "*") });
    neededBy(place, seen);
  }
  return [...seen.values()];
}

/** Whether a range such as "^20.19.0 || >=22.12.0" takes a Node such as "20.19". A range of another form takes none. */
function takes(range: string, node: string): boolean {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  return range.split("||").some((part) => {
    const [, sign, from = "", and = "0"] = /^\s*(\^|>=)?\s*(\d+)(?:\.(\d+))?(?:\.\d+)?\s*$/.exec(part) ?? [];
    if (from === "") return part.trim() === "*";
    const isLater = sign === ">=" && major > Number(from);
    return isLater || (major === Number(from) && minor >= Number(and));
  });
}

describe("published packages", () => {
  it.each(published)(
    "$name is ESM only, typed, free of side effects, and for Node 20.19 or newer",
    ({ folder, manifest }) => {
      expect(manifest).toMatchObject({
        license: "MIT",
        type: "module",
        sideEffects: false,
        files: expect.arrayContaining(["dist"]),
        publishConfig: { access: "public" },
      });
      expect(manifest.engines).toEqual({ node: folder === "packages/keyv" ? ">=22.19" : ">=20.19" });
      const entries = Object.entries(manifest.exports ?? {});
      expect(entries.map(([entry]) => entry)).toEqual(expect.arrayContaining([".", "./package.json"]));
      for (const [entry, target] of entries.filter(([entry]) => !entry.endsWith(".json"))) {
        expect([entry, Object.keys(target)]).toEqual([entry, ["types", "default"]]);
      }
    },
  );

  it.each(published)("$name has a README that shows how to install it", ({ folder, name }) => {
    const readme = join(root, folder, "README.md");
    expect(existsSync(readme)).toBe(true);
    expect(readFileSync(readme, "utf8")).toContain(`npm install ${name}`);
  });

  it.each(published)("$name makes no package of ours a peer, but for a provider that needs a newer Node", (used) => {
    const { name, manifest } = used;
    const peers = Object.keys(manifest.peerDependencies ?? {}).filter((peer) => peer.startsWith("@tollbooth-stores/"));
    expect(peers).toEqual(name === "@tollbooth-stores/config" ? ["@tollbooth-stores/keyv"] : []);
    for (const peer of peers) expect(manifest.peerDependenciesMeta?.[peer]).toEqual({ optional: true });
  });

  it.each(published)(
    "$name needs nothing that refuses the oldest Node which it names itself",
    ({ folder, manifest }) => {
      const oldest = String(Object(manifest.engines).node).replace(">=", "");
      expect(neededBy(join(root, folder)).filter(({ node }) => !takes(node, oldest))).toEqual([]);
    },
  );
});

describe("changesets", () => {
  const changesets = readdirSync(join(root, ".changeset")).filter(
    (file) => file.endsWith(".md") && file !== "README.md",
  );

  it.each(changesets)("%s says which packages change, and how", (file) => {
    const [, head] = /^---\n([\s\S]*?)---\n\n?\S/.exec(readFileSync(join(root, ".changeset", file), "utf8")) ?? [];
    const changes = (head ?? "").trim().split("\n");
    for (const change of changes) {
      const [, name] = /^"(@tollbooth-stores\/[a-z0-9-]+)": (?:major|minor|patch)$/.exec(change) ?? [];
      expect([change, published.some((used) => used.name === name)]).toEqual([change, true]);
    }
  });
});

describe("source files", () => {
  it("say in their first line what they are for", () => {
    const silent = packages
      .flatMap(({ files }) => files)
      .filter(({ path, text }) => !path.endsWith(".config.ts") && !/^(?:#!.*\n)?(\/\/|\/\*\*)/.test(text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});
