import type { TestProjectInlineConfiguration } from "vitest/config";
import { lanes, packageTests } from "../../vitest.shared.ts";

// Tests start real Redis servers and wait for the gateway's own deadlines: on a busy machine that takes a while.
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };

/** What becomes of payments must be the same on all stores. These files take a second or two on a Redis, and are for every day. */
const payments = [
  ...["duplicates", "lost-records", "owed-sessions", "settle-first", "unclear-settlements", "under-way", "unsettled"],
];
/** And these take longer, or add less: left to `npm run test:all`. */
const morePayments = [
  ...[
    "bad-payments",
    "buy-session",
    "client-gone",
    "clock-skew",
    "earlier-terms",
    "ended-payments",
    "floods",
    "limits",
  ],
  ...["open-payments", "pay-per-request", "payment-steps", "replays", "sessions", "settlement-in-doubt"],
];

function onRedis(stores: "ioredis" | "redis", name: string, files: readonly string[]): TestProjectInlineConfiguration {
  return {
    extends: false,
    test: {
      ...{ name, ...patience, globalSetup: "@tollbooth-stores/redis-testkit/global-setup", provide: { stores } },
      include: files.map((file) => `src/gateway/${file}.test.ts`),
    },
  };
}

export default packageTests({
  ...patience,
  projects: lanes(
    [
      { extends: true, test: { name: "memory", provide: { stores: "memory" } } },
      onRedis("ioredis", "ioredis", payments),
      onRedis("redis", "node-redis", payments),
    ],
    [onRedis("ioredis", "ioredis, more", morePayments), onRedis("redis", "node-redis, more", morePayments)],
  ),
});
