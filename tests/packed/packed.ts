// Every public package as a user gets it: packed, installed alone into an empty project, type-checked, loaded with import
// and require and made to run its README's first program.
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { emptyProject, npmInstall, write } from "./consumer.ts";
import { atLeast, type NodeVersion, nodeBinary } from "./node-versions.ts";
import { frontPageFiles, projectFiles } from "./programs.ts";
import { type PublicPackage, publicPackages, root } from "./public-packages.ts";
import { firstProgram } from "./readme-snippet.ts";
import { output } from "./run.ts";
import { packAll } from "./tarballs.ts";

export const packages: readonly PublicPackage[] = publicPackages();
const tarballFolder = await mkdtemp(join(tmpdir(), "tollbooth-tarballs-"));
const tarballs = await packAll(packages, tarballFolder);
afterAll(() => rm(tarballFolder, { recursive: true }));

// READMEs of Redis packages read REDIS_URL.
const redis = packages.some((used) => readmeProgram(used).includes("REDIS_URL")) ? await startRedis() : undefined;
afterAll(() => redis?.stop());
const variables = redis === undefined ? {} : { REDIS_URL: redis.url };

const workspaceBinary = (name: string) => join(root, "node_modules", ".bin", name);

/** Each kind of package once: those that every run of `npm test` installs. The others are installed by `test:all`. */
const everyDay = ["memory", "ioredis", "config", "express", "x402", "doctor"].map(
  (name) => `@tollbooth-stores/${name}`,
);
export const everyDayPackages: readonly PublicPackage[] = packages.filter(({ name }) => everyDay.includes(name));
export const otherPackages: readonly PublicPackage[] = packages.filter(({ name }) => !everyDay.includes(name));

/** The repository's own README begins with a program, too: of the package that it imports. */
const frontPage = firstProgram(readFileSync(join(root, "README.md"), "utf8")) ?? "";

/** Registers the tests of each package on these Nodes. */
export function installedTests(nodes: readonly NodeVersion[], tried: readonly PublicPackage[] = packages): void {
  describe.each(tried)("$name", (used) => {
    const usable = nodes.filter(({ version }) => atLeast(version, used.lowestNode));
    if (!used.insideVitest) inProject(used, ["@types/node@20"], usable);
    else {
      for (const runner of new Set(usable.map((node) => node.runner))) {
        inProject(
          used,
          runner,
          usable.filter((node) => node.runner === runner),
        );
      }
    }
  });
}

/** Registers, for each of these Nodes, an install of config that takes no package made for a newer Node. */
export function strictInstallTests(nodes: readonly NodeVersion[]): void {
  const config = packages.filter(({ name }) => name === "@tollbooth-stores/config");
  describe.each(config)("$name", (used) => {
    test.each(nodes)("installs on Node $version with --engine-strict, without Keyv", async ({ version }) => {
      const project = await emptyProject("strict-user");
      onTestFinished(() => rm(project, { recursive: true, force: true }));
      await npmInstall(project, ["--engine-strict", ...tarballsFor(used, "")], await nodeBinary(version));
      expect(existsSync(join(project, "node_modules", "@tollbooth-stores", "config"))).toBe(true);
      expect(existsSync(join(project, "node_modules", "@tollbooth-stores", "keyv"))).toBe(false);
      expect(existsSync(join(project, "node_modules", "keyv"))).toBe(false);
    });
  });
}

/** One project with the package installed, and everything that is tried in it. */
function inProject(used: PublicPackage, others: readonly string[], nodes: readonly NodeVersion[]): void {
  describe(`installed into an empty project with ${others.join(" and ")}`, () => {
    let project = "";
    beforeAll(async () => {
      project = await emptyProject(`user-of-${used.name.split("/")[1]}`);
      const readme = readmeProgram(used);
      await npmInstall(project, [...tarballsFor(used, readme), ...used.clients, ...others]);
      await write(project, projectFiles(used, readme));
      if (isOnFrontPage(used)) await write(project, frontPageFiles(frontPage));
    });
    afterAll(() => rm(project, { recursive: true, force: true }));

    test("type-checks, imported and required", async () => {
      await output(workspaceBinary("tsc"), ["-p", "tsconfig.json"], project);
    });

    // Limits and sessions of a framework run without them; a seller installs them.
    test.each(isMiddleware(used) ? ["@x402", "@tollbooth-stores/x402", "viem"] : [])("has no %s beside it", (name) => {
      expect(existsSync(join(project, "node_modules", "@tollbooth-stores", "http"))).toBe(true);
      expect(existsSync(join(project, "node_modules", name))).toBe(false);
    });

    describe.each(nodes)("on Node $version", ({ version }) => {
      const runFile = async (program: string, test: string) => {
        const vitest = join("node_modules", "vitest", "vitest.mjs");
        await output(
          await nodeBinary(version),
          used.insideVitest ? [vitest, "run", test] : [program],
          project,
          variables,
        );
      };

      test("loads with import and with require, through every entry", () => runFile("entries.mjs", "entries.test.mjs"));

      test.each(used.name === "@tollbooth-stores/config" ? missingClients : [])(
        "says how to install the client library of provider %s, which is not there",
        async (provider, library) => {
          await write(project, { [`missing-${provider}.mjs`]: missingClientProgram(provider, library) });
          await runFile(`missing-${provider}.mjs`, "");
        },
      );

      test("runs the first program of its README as written", async () => {
        expect(readmeProgram(used), "README.md must begin with a program that uses the package").toContain(used.name);
        await runFile("readme.mjs", "readme.test.ts");
      });

      test.each(isOnFrontPage(used) ? ["README.md"] : [])("runs the program of the repository's %s", () =>
        runFile("front-page.mjs", ""),
      );
    });
  });
}

function isMiddleware({ name }: PublicPackage): boolean {
  return ["@tollbooth-stores/hono", "@tollbooth-stores/express"].includes(name);
}

function isOnFrontPage({ name }: PublicPackage): boolean {
  return frontPage.includes(`from "${name}"`);
}

const missingClients: readonly (readonly [provider: string, library: string])[] = [
  ["redis", "redis"],
  ["ioredis", "ioredis"],
  ["keyv", "@tollbooth-stores/keyv keyv"],
];

/** Loads a document whose client library was not installed, and asserts what is said of it. */
function missingClientProgram(provider: string, library: string): string {
  return `
    import assert from "node:assert/strict";
    import { loadStores } from "@tollbooth-stores/config";
    const block = ${JSON.stringify(provider)} === "keyv" ? {} : { url: "redis://127.0.0.1:1" };
    const document = { stores: { provider: ${JSON.stringify(provider)}, [${JSON.stringify(provider)}]: block } };
    const used = loadStores(document, { keyv: new Map() }).then((stores) => stores.ping().finally(() => stores.close()));
    await assert.rejects(used, (error) => {
      assert.equal(error.code, "STORE_CONFIG");
      assert.ok(error.message.endsWith("npm install ${library}"));
      return true;
    });
  `;
}

/** The package, what it needs, and what its README installs beside it; nothing else, so that a missing dependency shows. */
function tarballsFor(used: PublicPackage, readme: string): string[] {
  const beside = packages.filter(({ name }) => name === used.name || readme.includes(`"${name}"`));
  const names = new Set(beside.flatMap(({ name, needs }) => [name, ...needs]));
  return [...names].map((name) => tarballOf(name));
}

/** The path of a package's tarball. */
export function tarballOf(name: string): string {
  const tarball = tarballs.get(name);
  if (tarball === undefined) throw new Error(`${name} was not packed`);
  return tarball;
}

/** Empty where there is none: the tests that need it say so. */
function readmeProgram({ folder }: PublicPackage): string {
  const file = join(folder, "README.md");
  return existsSync(file) ? (firstProgram(readFileSync(file, "utf8")) ?? "") : "";
}
