import { mostlyInTestAll, packageTests } from "../../vitest.shared.ts";

/** Every test runs on the newest SDK, and in `test:all` on the oldest that is supported, with the newest one's schemes. */
export default packageTests({
  isolate: false,
  projects: [
    { extends: true, test: { name: "@x402/core 2.27" } },
    mostlyInTestAll(
      {
        extends: true,
        test: { name: "@x402/core 2.25" },
        resolve: { alias: { "@x402/core": "x402-core-2.25" } },
      },
      ["paid-routes.copies", "peer-range", "paid-routes.requests", "paid-routes.refusals", "paid-routes.servers"],
    ),
  ],
});
