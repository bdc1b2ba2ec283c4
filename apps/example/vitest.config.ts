import type { TestProjectInlineConfiguration } from "vitest/config";
import { lanes, packageTests } from "../../vitest.shared.ts";

// Tests start real Redis servers and wait for the gateway's own deadlines: on a busy machine that takes a while.
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };

/** What becomes of payments must be the same on all stores: on a Redis through each client, too, in `npm run test:all`. */
const payments = [
  ...["bad-payments", "buy-session", "client-gone", "clock-skew", "duplicates", "earlier-terms", "ended-payments"],
  ...["limits", "lost-records", "owed-sessions", "pay-per-request", "replays", "sessions", "settlement-in-doubt"],
  "unclear-settlements",
];

function onRedis(stores: "ioredis" | "redis", name: string, files: readonly string[]): TestProjectInlineConfiguration {
  return {
    extends: false,
    test: {
      ...{ name, ...patience, globalSetup: "@tollbooth-stores/redis-testkit/global-setup" },
      provide: { stores, chain: "simulated" },
      include: files.map((file) => `src/${file}.test.ts`),
    },
  };
}

/** The money moves on a real EVM, and is looked up there. */
function onEvm(name: string, files: readonly string[]): TestProjectInlineConfiguration {
  const include = files.map((file) => `src/${file}.test.ts`);
  return { extends: false, test: { name, ...patience, include, provide: { stores: "memory", chain: "evm" } } };
}

export default packageTests({
  ...patience,
  // They wait more than they compute.
  isolate: false,
  maxWorkers: 2,
  sequence: { groupOrder: 2 },
  projects: lanes(
    [
      { extends: true, test: { name: "memory", provide: { stores: "memory", chain: "simulated" } } },
      onEvm("EVM", ["pay-per-request"]),
    ],
    [
      onRedis("ioredis", "ioredis", payments),
      onRedis("redis", "node-redis", payments),
      onEvm("EVM, further", [
        ...["bad-payments", "client-gone", "duplicates", "replays", "sessions", "settlement-in-doubt"],
        "unclear-settlements",
      ]),
    ],
  ),
});
