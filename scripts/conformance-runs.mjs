// Writes the first part of docs/conformance-runs.md: how many tests of the published suites ran and passed on each provider
// and server, as the test runner's own reports of the last `npm run test:all` have it. Run it after that: `node
// scripts/conformance-runs.mjs`. The page's second part is from scripts/test-servers.mjs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writePart } from "./conformance-page.mjs";
import { longTestFiles } from "./tiers.mjs";
import { root } from "./workspace-folders.mjs";

const areas = ["rate limits", "sessions", "verifications", "all"];
const providers = [
  { folder: "memory", client: "memory", majors: 1 },
  { folder: "keyv", client: "keyv 6", majors: 1 },
  { folder: "ioredis", client: "ioredis 5.11 and 6", majors: 2 },
  { folder: "redis", client: "node-redis 5.12 and 6", majors: 2 },
];

/** Passed and failed tests by "area: server". */
function counts(folder) {
  const report = JSON.parse(readFileSync(join(root, "packages", folder, ".reports", "vitest.json"), "utf8"));
  const ran = report.testResults.map(({ name }) => name);
  const missing = longTestFiles(`packages/${folder}`).find(({ path }) => !ran.includes(join(root, path)));
  if (missing !== undefined) throw new Error(`${missing.path} did not run: run \`npm run test:all\` first.`);
  const found = new Map();
  for (const { assertionResults } of report.testResults) {
    for (const { ancestorTitles, status } of assertionResults) {
      const [area, server] = (ancestorTitles[0] ?? "").split(": ");
      if (!areas.includes(area) || server === undefined) continue;
      const cells = found.get(server) ?? new Map();
      const cell = cells.get(area) ?? { passed: 0, other: 0 };
      cell[status === "passed" ? "passed" : "other"] += 1;
      found.set(server, cells.set(area, cell));
    }
  }
  return found;
}

const rows = providers.flatMap(({ folder, client, majors }) =>
  [...counts(folder)].map(([server, cells]) => {
    const shown = areas.map((area) => {
      const cell = cells.get(area);
      if (cell === undefined) return "";
      const each = majors === 2 && cell.passed % 2 === 0 ? `2 x ${cell.passed / 2}` : String(cell.passed);
      return cell.other === 0 ? each : `${each}, **${cell.other} not passed**`;
    });
    return `| ${client} | ${server} | ${shown.join(" | ")} |`;
  }),
);

writePart(
  "clients",
  `The published suites of \`@tollbooth-stores/conformance\`, by client, server and area, as tests passed in the last run of
\`npm run test:all\` from which this page was written (\`node scripts/conformance-runs.mjs\`). "2 x" counts both majors of a client.
Servers are real ones, started by the tests on loopback. A property that needs what a harness lacks does not apply and is
named in that run's output; the suites' README says which properties need what.

| client | server | rate limits | sessions | verifications | all stores |
|---|---|---|---|---|---|
${rows.join("\n")}

- *plain*: a Redis without TLS, connections of the stores' own. *TLS with an ACL user*: TLS only, with the rights that the
  READMEs name. *your client*: borrowed, and speaking RESP2; the others speak the client's default.
- *a server that fails*: frozen, killed, started again, its scripts flushed, its errors provoked, behind a proxy that drops
  replies.
- Beside these, memory, ioredis and node-redis play the same random sequences at one clock and must give equal answers
  (\`tests/differential\`: 1,050 sequences in \`npm test\`, 10,500 more in \`npm run test:all\`, 60,000 by
  \`npm run test:long\` there).
`,
);
