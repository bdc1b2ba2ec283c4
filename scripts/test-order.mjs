// In which order `npm test` runs the packages' tests: the longest first. Begun last, one would run alone on its core at the end.
// Turbo has no order of its own: it runs tasks as they become ready, and the applications' tests are ready last, after every build.
import { testedFolders } from "./workspace-folders.mjs";

/**
 * Longest first, by the seconds that `npm test` prints; those that measure how long a server's faults last, after the one that
 * starts browsers. Packages that are not named here take less, and come last.
 */
export const longestFirst = [
  "apps/playground",
  "packages/x402",
  "packages/core",
  "apps/example",
  "packages/redis",
  "packages/ioredis",
  "tests/chaos",
  "tests/packed",
  "tests/shops",
  "packages/keyv",
];

/** Every tested folder, once, in the order to run them. */
export function testOrder() {
  const folders = testedFolders();
  const unknown = longestFirst.find((folder) => !folders.includes(folder));
  if (unknown !== undefined) throw new Error(`scripts/test-order.mjs names ${unknown}, which has no tests.`);
  return [...longestFirst, ...folders.filter((folder) => !longestFirst.includes(folder))];
}

/**
 * Does `work` for each item, begun in their order, `atOnce` of them at a time; gives the results in the same order.
 * @type {<Item, Result>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<Result>) => Promise<Result[]>}
 */
export async function inOrder(items, atOnce, work) {
  const results = [];
  let begun = 0;
  const lane = async () => {
    while (begun < items.length) {
      const index = begun++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
