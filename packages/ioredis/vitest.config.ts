import { mostlyInTestAll, packageTests } from "../../vitest.shared.ts";

const globalSetup = "@tollbooth-stores/redis-testkit/global-setup";

/** Every test runs on the newest ioredis, and in `test:all` on the oldest that is supported. */
export default packageTests({
  // They wait for servers more than they compute. In `npm run dev` they come after the quick ones.
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
  projects: [
    { extends: true, test: { name: "ioredis 6", globalSetup, provide: { library: "ioredis" } } },
    mostlyInTestAll(
      {
        extends: true,
        test: { name: "ioredis 5", globalSetup, provide: { library: "ioredis-5" } },
        resolve: { alias: { ioredis: "ioredis-5" } },
      },
      ["clients", "closing", "connections", "wrong-connections"],
    ),
  ],
});
