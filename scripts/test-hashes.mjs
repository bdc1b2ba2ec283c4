// What turbo's cache knows of each folder's tests. `turbo run test --only` leaves the builds out, of its hash too: without
// these, a package's tests would be served from the cache although a package that it depends on has changed.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./workspace-folders.mjs";

/**
 * The hash that each folder's `test` task has with all that it depends on. For `TOLLBOOTH_TEST_HASH`, which turbo.json has
 * in the hash of tests.
 * @type {(env: NodeJS.ProcessEnv) => ReadonlyMap<string, string>}
 */
export function testHashes(env) {
  const options = { cwd: root, encoding: "utf8", env, maxBuffer: 64 * 2 ** 20 };
  const said = execFileSync(join(root, "node_modules", ".bin", "turbo"), ["run", "test", "--dry=json"], options);
  const tests = JSON.parse(said).tasks.filter(({ task }) => task === "test");
  return new Map(tests.map(({ directory, hash }) => [directory, hash]));
}
