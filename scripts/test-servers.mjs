// `TOLLBOOTH_REDIS_SERVERS=path,path npm run test:servers`: the tests of everything over Redis, once on each given server.
// Prints each server's version and result, and which line of servers was not given; docs/conformance-runs.md shows it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, fail, run, workspaceEnv } from "./bootstrap.mjs";
import { writePart } from "./conformance-page.mjs";
import { parseVersion, versionLine } from "./redis-version.mjs";
import { countReports } from "./reports.mjs";
import { testConfigs } from "./test-configs.mjs";
import { root } from "./workspace-folders.mjs";

const folders = [
  "packages/redis-protocol",
  "packages/ioredis",
  "packages/redis",
  "packages/keyv",
  "tests/differential",
];

/** The servers that a release is to be tested on. */
const lines = [
  { name: "Redis 6.2", kind: "Redis", version: /^6\.2\./ },
  { name: "Redis 7.0", kind: "Redis", version: /^7\.0\./ },
  { name: "Redis 7.4 or 8", kind: "Redis", version: /^(7\.4|8)\./ },
  { name: "Valkey 8", kind: "Valkey", version: /^8\./ },
  { name: "Valkey 9", kind: "Valkey", version: /^9\./ },
];

const { TOLLBOOTH_REDIS_SERVERS = "" } = process.env;
const paths = TOLLBOOTH_REDIS_SERVERS.split(",").filter((path) => path !== "");
if (paths.length === 0) {
  fail("Set TOLLBOOTH_REDIS_SERVERS to the paths of redis-server and valkey-server programs, separated by commas.");
}
const servers = paths.map((path) => {
  const line = versionLine(path);
  const parsed = parseVersion(line);
  if (parsed === undefined) fail(`TOLLBOOTH_REDIS_SERVERS names no Redis or Valkey that runs: ${path}`);
  return { path, line, ...parsed };
});

/** Runs the tests of all folders on one server. Gives their counts by folder. */
async function testOn({ path, line }) {
  for (const folder of folders) rmSync(join(root, folder, ".reports"), { recursive: true, force: true });
  const filters = folders.map((folder) => `--filter=./${folder}`);
  // One package after the other: tests that wait for deadlines are tests of time.
  const turbo = ["run", "test", ...filters, "--continue", "--concurrency=1", "--output-logs=errors-only"];
  const env = { ...workspaceEnv, TOLLBOOTH_REDIS_SERVER: path, TOLLBOOTH_REDIS_VERSION: line };
  const status = await run("turbo", turbo, { env });
  const counts = folders.map((folder) => countReports(join(root, folder, ".reports"), testConfigs(folder).length));
  const others = counts.reduce((sum, { failed, skipped }) => sum + failed + skipped, 0);
  return { counts, passed: status === 0 && others === 0 };
}

await ensureInstalled();
const results = [];
for (const server of servers) {
  console.log(`\n${server.kind} ${server.version} (${server.path})`);
  const result = { ...server, ...(await testOn(server)) };
  for (const [index, { passed, failed, skipped }] of result.counts.entries()) {
    console.log(`${String(passed).padStart(7)} passed, ${failed} failed, ${skipped} not run  ${folders[index]}`);
  }
  console.log(result.passed ? "  all passed" : "  FAILED");
  results.push(result);
}

const isLine = (line) => (server) => server.kind === line.kind && line.version.test(server.version);
const missing = lines.filter((line) => !servers.some(isLine(line))).map(({ name }) => name);

console.log("");
for (const { kind, version, passed } of results) console.log(`${kind} ${version}: ${passed ? "passed" : "FAILED"}`);
console.log(
  missing.length === 0 ? "No line of servers is missing." : `Not given, so not tested: ${missing.join(", ")}.`,
);

const cell = ({ passed, failed, skipped }) =>
  failed + skipped === 0 ? String(passed) : `${passed}, **${failed + skipped} not passed**`;
const tier = process.env.TOLLBOOTH_TESTS === "all" ? "test:all" : "test";
writePart(
  "servers",
  `The tests of everything over Redis, as tests passed on each server in the last \`npm run test:servers\`, which wrote this
table; each package's tests are those of \`npm run ${tier}\`.${missing.length === 0 ? "" : ` Not tested: ${missing.join(", ")}.`}

| server | ${folders.map((folder) => `\`${folder}\``).join(" | ")} |
|---|${folders.map(() => "---|").join("")}
${results.map(({ kind, version, counts }) => `| ${kind} ${version} | ${counts.map(cell).join(" | ")} |`).join("\n")}
`,
);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
