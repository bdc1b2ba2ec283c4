// What `npm test` leaves to `npm run test:all`, read from the test files and the vitest configurations themselves; and what
// neither of them runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { testConfigs } from "./test-configs.mjs";
import { filesBelow, root, testedFolders } from "./workspace-folders.mjs";

/** What is too long or too much a matter of judgement for either tier: package.json scripts, with what they add. */
export const byHand = [
  { folder: ".", script: "chaos", about: "payments under faults, 1,000 on each client where `npm test` plays 50" },
  { folder: ".", script: "faults", about: "every fault of connections and servers, seeded; writes docs/faults.md" },
  {
    folder: ".",
    script: "soak",
    about: "random faults on a cluster for 20 minutes; its summary goes into docs/faults.md",
  },
  {
    folder: ".",
    script: "bench",
    about: "the stores measured against their peers; writes docs/benchmarks (`-- --quick`: under a minute)",
  },
  { folder: "packages/core", script: "mutate", about: "mutation testing, minutes to hours (docs/mutation-testing.md)" },
  {
    folder: "tests/differential",
    script: "test:long",
    about: "60,000 random sequences on memory, ioredis and node-redis",
  },
  { folder: ".", script: "screenshot", about: "the README's pictures of the dashboard, made anew to be looked at" },
];

/** Files of a tested folder; those of other tested folders in it are not its own. */
function ownFiles(folder) {
  const others = testedFolders().filter((other) => other !== folder);
  return filesBelow(folder, (path) => others.includes(path));
}

/** The test files of a folder that only `test:all` runs, each with what its first line says of it. */
export function longTestFiles(folder) {
  return ownFiles(folder)
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
  const lanes = [];
  // One after the other: they all read the one variable.
  for (const file of testConfigs(folder)) {
    const always = await laneNames(file, "");
    lanes.push(...(await laneNames(file, "all")).filter((lane) => !always.includes(lane)));
  }
  return lanes;
}
