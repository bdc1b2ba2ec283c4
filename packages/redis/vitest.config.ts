import { mostlyInTestAll, packageTests } from "../../vitest.shared.ts";

const globalSetup = "@tollbooth-stores/redis-testkit/global-setup";

/** Every test runs on the newest redis, and in `test:all` on the oldest that is supported. */
export default packageTests({
  // They wait for servers more than they compute. In `npm run dev` they come after the quick ones.
  isolate: false,
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
  projects: [
    { extends: true, test: { name: "redis 6", globalSetup, provide: { library: "redis" } } },
    mostlyInTestAll(
      {
        extends: true,
        test: { name: "redis 5", globalSetup, provide: { library: "redis-5" } },
        resolve: { alias: { redis: "redis-5" } },
      },
      ["clients", "closing", "connections", "wrong-connections"],
    ),
  ],
});
