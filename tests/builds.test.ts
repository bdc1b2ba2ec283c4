// What turbo's cache knows of the builds: all that a package hands out, and whether they are those of `npm run dev`.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { filesBelow } from "../scripts/workspace-folders.mjs";
import { root, type WorkspacePackage, workspacePackages } from "./workspace.ts";

interface Task {
  taskId: string;
  inputs: Readonly<Record<string, string>>;
  resolvedTaskDefinition: { env: readonly string[] };
}

/** The builds as turbo would run them now, by package. */
function builds(): ReadonlyMap<string, Task> {
  const args = ["run", "build", "--dry=json"];
  const said = execFileSync(join(root, "node_modules", ".bin", "turbo"), args, { cwd: root, encoding: "utf8" });
  const { tasks }: { tasks: Task[] } = JSON.parse(said);
  return new Map(tasks.map((task) => [task.taskId.replace(/#build$/, ""), task]));
}

const built = workspacePackages().filter(({ folder }) => existsSync(join(root, folder, "tsup.config.ts")));

/** The files that a package exports or publishes as they are, from its folder: "schema.json", all of "config/*". */
function handedOut({ folder, manifest }: WorkspacePackage): string[] {
  const exported = Object.values(manifest.exports ?? {}).map((to) => (typeof to === "string" ? to : to.default));
  const published = Array.isArray(manifest.files) ? manifest.files.map(String) : [];
  const names = [...exported, ...published].map((to) => to.replace(/^\.\//, "").replace(/\/?\*.*/, ""));
  return filesBelow(folder)
    .map((file) => relative(folder, file))
    .filter((file) => names.some((name) => `${file}/`.startsWith(`${name}/`)));
}

describe("a build's hash", () => {
  const tasks = builds();

  it("holds what its package hands out as it is, for the tests of others read it", () => {
    const files = built.flatMap((own) => handedOut(own).map((file) => ({ name: own.name, file })));
    expect(files).toContainEqual({ name: "@tollbooth-stores/example", file: "config/gateway.yaml" });
    expect(files).toContainEqual({ name: "@tollbooth-stores/config", file: "schema.json" });
    expect(files.filter(({ name, file }) => tasks.get(name)?.inputs[file] === undefined)).toEqual([]);
  });

  it("tells the builds of npm run dev, which leave old files, from the others", () => {
    const wrong = built.filter(({ name }) => !tasks.get(name)?.resolvedTaskDefinition.env.includes("TOLLBOOTH_DEV"));
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

describe("a build", () => {
  afterEach(() => vi.unstubAllEnvs());

  const cleans = async (folder: string, dev: string | undefined) => {
    vi.stubEnv("TOLLBOOTH_DEV", dev);
    // A module of its own for each: the configuration reads the variable when it is loaded.
    const config: { default: object } = await import(
      `${pathToFileURL(join(root, folder, "tsup.config.ts")).href}?dev=${dev}`
    );
    return [config.default].flat().map((part) => "clean" in part && part.clean);
  };

  it.each(built)(
    "of $name removes nothing in npm run dev, and what the last one left otherwise",
    async ({ folder }) => {
      expect(new Set(await cleans(folder, "1"))).toEqual(new Set([false]));
      expect(await cleans(folder, undefined)).not.toContain(false);
    },
  );
});
