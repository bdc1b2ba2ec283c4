// What `npm test` leaves to `npm run test:all`, read from the test files and the vitest configurations themselves.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, testedFolders } from "./workspace-folders.mjs";

const notOurs = new Set(["node_modules", "dist", ".turbo", ".stryker-tmp"]);

/** Files below a folder of the workspace, as paths from the root; those of other tested folders in it are not its own. */
function filesBelow(folder, others = testedFolders().filter((other) => other !== folder)) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return notOurs.has(entry.name) || others.includes(path) ? [] : filesBelow(path, others);
  });
}

/** The test files of a folder that only `test:all` runs, each with what its first line says of it. */
export function longTestFiles(folder) {
  return filesBelow(folder)
    .filter((path) => /\.long\.test\.tsx?$/.test(path))
    .map((path) => {
      const [first = ""] = readFileSync(join(root, path), "utf8").split("\n");
      return { path, about: first.replace(/^\/\/ */, "") };
    });
}

async function laneNames(file, tier) {
  process.env.TOLLBOOTH_TESTS = tier;
  // A module of its own for each tier: the configuration is read anew.
  const { default: config } = await import(`${pathToFileURL(join(root, file)).href}?tier=${tier}`);
  return (config.test?.projects ?? []).map(({ test }) => test.name);
}

/** The lanes of a folder's vitest configurations that only `test:all` runs. Needs a Node that runs TypeScript. */
export async function longLanes(folder) {
  const configurations = readdirSync(join(root, folder)).filter((name) => /^vitest\..*config\.ts$/.test(name));
  const lanes = [];
  // One after the other: they all read the one variable.
  for (const name of configurations) {
    const file = join(folder, name);
    const always = await laneNames(file, "");
    lanes.push(...(await laneNames(file, "all")).filter((lane) => !always.includes(lane)));
  }
  return lanes;
}
