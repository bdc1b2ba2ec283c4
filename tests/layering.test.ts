// Dependencies point one way, between packages and between the rooms of a package. Core imports nothing.
import { describe, expect, it } from "vitest";
import { runTimeDependencies, workspacePackages } from "./workspace.ts";

/** From the lowest. A package may use those of lower layers only. Packages of one layer do not know each other. */
const layers: readonly string[][] = [
  ["core", "evm"],
  ["redis-protocol", "conformance", "sandbox"],
  ["memory", "ioredis", "redis", "keyv", "redis-testkit"],
  ["http"],
  ["x402", "otel", "http-testkit"],
  ["config", "hono", "express", "fastify"],
  ["doctor"],
  ["example", "playground", "benchmarks"],
  ["chaos-test", "deploy-test", "differential-test", "faults-test", "monitoring-test", "packed-test", "shops-test"],
];
/** Except for these: the playground is the example, many times over. */
const neighbours: Readonly<Record<string, string[]>> = { playground: ["example"] };

/**
 * From the lowest. A file may use its own room and the rooms of lower rows; rooms of one row do not know each other. A
 * room is a folder, or the files that it lists. Tests may use anything.
 */
const rooms: Readonly<Record<string, readonly string[][]>> = {
  core: [
    ["errors durations hashing keys call-options many-listeners telemetry payment-telemetry session-codec closest-key"],
    ["joined-signal"],
    ["known-options named-refusal"],
    ["atomic-port local-hints native-transitions store-options store-runtime"],
    ["payment/"],
    ["rate-limit/", "session/", "verification/"],
    ["stores check-port observed-check create-stores"],
    ["index", "native", "testing"],
    ["explorer/"],
  ],
  "redis-protocol": [
    ["redis-port lua.d"],
    ["connection/"],
    ["scripts/"],
    ["rate-limit/", "session/", "verification/", "check-writes", "doctor/"],
    ["create-redis-stores redis-provider redis-store-options"],
    ["index"],
  ],
};

const scope = "@tollbooth-stores/";
const packages = workspacePackages();
const shortName = (name: string) => name.replace(scope, "");

const ofOurs = (dependencies: object) => Object.keys(dependencies).filter((name) => name.startsWith(scope));

const isTestFile = (path: string) => /\.test(-support)?\.[cm]?tsx?$/.test(path);

/** Everything in the rows below the one that holds `member`; nothing where none does. */
function below(rows: readonly string[][], member: string): string[] {
  const row = rows.findIndex((inRow) => inRow.includes(member));
  return rows.slice(0, Math.max(row, 0)).flat();
}

/** The short names of the packages that one may use. */
function usableBy(name: string): string[] {
  return [...below(layers, shortName(name)), ...(neighbours[shortName(name)] ?? [])];
}

describe("packages", () => {
  it("each have a layer", () => {
    expect(packages.map(({ name }) => shortName(name)).filter((name) => !layers.flat().includes(name))).toEqual([]);
  });

  it("core imports nothing but its own files and Node", () => {
    const core = packages.find(({ name }) => name === `${scope}core`);
    const foreign = core?.files
      .filter(({ isTest }) => !isTest)
      .flatMap(({ path, imports }) => imports.filter((to) => !/^(\.|node:)/.test(to)).map((to) => `${path} -> ${to}`));
    expect(foreign).toEqual([]);
    expect(core?.manifest.dependencies).toBeUndefined();
  });

  it("use only packages of a lower layer, and say so in their dependencies", () => {
    const wrong: string[] = [];
    for (const { name, manifest, files } of packages) {
      const usable = usableBy(name);
      const atRunTime = runTimeDependencies(manifest);
      wrong.push(...ofOurs(atRunTime).flatMap((to) => (usable.includes(shortName(to)) ? [] : `${name} -> ${to}`)));
      for (const { path, imports, isTest } of files) {
        for (const to of imports.filter((specifier) => specifier.startsWith(scope))) {
          const target = to.split("/").slice(0, 2).join("/");
          if (target === name) continue;
          if (!isTest && !usable.includes(shortName(target))) wrong.push(`${path} -> ${to}`);
          const declared = { ...atRunTime, ...(isTest ? manifest.devDependencies : {}) };
          if (declared[target] === undefined) wrong.push(`${path} -> ${to} (not declared)`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("that are published, and the example, need neither private packages nor the suites at run time", () => {
    const internal = packages.filter(({ folder }) => folder.startsWith("internal/")).map(({ name }) => name);
    const forTests = [...internal, `${scope}conformance`];
    const wrong = packages
      .filter(({ folder }) => folder.startsWith("packages/") || folder === "apps/example")
      .flatMap(({ name, manifest }) => ofOurs(runTimeDependencies(manifest)).map((to) => ({ name, to })))
      .filter(({ to }) => forTests.includes(to));
    expect(wrong).toEqual([]);
  });

  it("that are published, and the example, import only what is installed beside them", () => {
    const wrong = packages
      .filter(({ folder }) => folder.startsWith("packages/") || folder === "apps/example")
      .flatMap(({ name, manifest, files }) => {
        const installed = [name, ...Object.keys(runTimeDependencies(manifest))];
        return files
          .filter(({ isTest }) => !isTest)
          .flatMap(({ path, imports }) => imports.map((to) => ({ path, to })))
          .filter(({ to }) => !/^(\.|node:)/.test(to) && !installed.some((used) => `${to}/`.startsWith(`${used}/`)));
      });
    expect(wrong).toEqual([]);
  });

  it("import nothing of their tests at run time", () => {
    const tests = new Set(
      packages.flatMap(({ files }) => files.filter(({ isTest }) => isTest).map(({ path }) => path)),
    );
    const wrong = packages.flatMap(({ files }) =>
      files
        .filter(({ isTest }) => !isTest)
        .flatMap(({ path, importedFiles }) =>
          importedFiles.filter((to) => tests.has(to)).map((to) => `${path} -> ${to}`),
        ),
    );
    expect(wrong).toEqual([]);
  });

  it("are used by what they export, never by their files", () => {
    const wrong = packages.flatMap((own) =>
      own.files.flatMap(({ path, importedFiles }) =>
        importedFiles
          .filter((to) => packages.some(({ folder }) => folder !== own.folder && to.startsWith(`${folder}/`)))
          .map((to) => `${path} -> ${to}`),
      ),
    );
    expect(wrong).toEqual([]);
  });
});

describe.each(Object.entries(rooms))("rooms of %s", (name, rows) => {
  const { folder = "", files = [] } = packages.find((known) => known.name === scope + name) ?? {};
  const code = files.filter(({ path }) => path.startsWith(`${folder}/src/`) && !isTestFile(path));
  /** Of src/session/transitions/get-session.ts "session/", of src/keys.ts "keys". */
  const placeOf = (path: string) => path.slice(`${folder}/src/`.length).replace(/(?<=\/).*|\.ts$/, "");
  const roomOf = (path: string) => rows.flat().find((room) => room.split(" ").includes(placeOf(path))) ?? "";

  it("are all that the source has, and hold every file", () => {
    expect([...new Set(code.map(({ path }) => placeOf(path)))].sort()).toEqual(rows.flat().join(" ").split(" ").sort());
  });

  it("use only rooms of lower rows", () => {
    const wrong = code.flatMap((file) => {
      const own = roomOf(file.path);
      const usable = [own, ...below(rows, own)];
      return file.importedFiles.filter((to) => !usable.includes(roomOf(to))).map((to) => `${file.path} -> ${to}`);
    });
    expect(wrong).toEqual([]);
  });
});
