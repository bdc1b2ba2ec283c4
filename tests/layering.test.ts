// Dependencies point one way: apps -> (config, adapters) -> providers -> redis-protocol -> core, and core imports nothing.
import { describe, expect, it } from "vitest";
import { workspacePackages } from "./workspace.ts";

/** A package may use those of a lower layer only. Packages of one layer do not know each other. */
const layers: Record<string, number> = {
  core: 0,
  "redis-protocol": 1,
  conformance: 1,
  "redis-testkit": 2,
  sandbox: 2,
  memory: 2,
  ioredis: 2,
  redis: 2,
  keyv: 2,
  config: 3,
  x402: 3,
  doctor: 3,
  otel: 3,
  express: 3,
  fastify: 3,
  hono: 3,
  example: 4,
  playground: 5,
  benchmarks: 4,
};
const scope = "@tollbooth-stores/";
const packages = workspacePackages();
const shortName = (name: string) => name.replace(scope, "");

describe("layering", () => {
  it("every package has a layer", () => {
    expect(packages.filter(({ name }) => layers[shortName(name)] === undefined)).toEqual([]);
  });

  it("core imports nothing but its own files and Node", () => {
    const core = packages.find(({ name }) => name === `${scope}core`);
    const foreign = core?.files
      .filter(({ isTest }) => !isTest)
      .flatMap(({ path, imports }) => imports.filter((to) => !/^(\.|node:)/.test(to)).map((to) => `${path} -> ${to}`));
    expect(foreign).toEqual([]);
    expect(core?.manifest.dependencies).toBeUndefined();
  });

  it("packages use only packages of a lower layer, and say so in their dependencies", () => {
    const wrong: string[] = [];
    for (const { name, manifest, files } of packages) {
      const own = layers[shortName(name)] ?? 0;
      for (const { path, imports, isTest } of files) {
        for (const to of imports.filter((specifier) => specifier.startsWith(scope))) {
          const target = to.split("/").slice(0, 2).join("/");
          if (target === name) continue;
          if (!isTest && (layers[shortName(target)] ?? 99) >= own) wrong.push(`${path} -> ${to}`);
          const declared = { ...manifest.dependencies, ...(isTest ? manifest.devDependencies : {}) };
          if (declared[target] === undefined) wrong.push(`${path} -> ${to} (not declared)`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("packages are used by what they export, never by their files", () => {
    const wrong = packages.flatMap(({ folder, files }) =>
      files.flatMap(({ path, imports }) =>
        imports
          .filter((to) => to.startsWith(".") && !new URL(to, `file:///${path}`).pathname.startsWith(`/${folder}/`))
          .map((to) => `${path} -> ${to}`),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
