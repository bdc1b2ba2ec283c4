// Every broken rate-limit store is caught by the property that it breaks.
import { rateLimitProperties } from "../rate-limits/properties.ts";
import { mutantSuite } from "./catching.ts";
import { completeRateLimits, defaultWindowHarness, denyCacheHarness, rateLimitMutants } from "./rate-limit-mutants.ts";

mutantSuite(
  "rate-limits",
  rateLimitProperties,
  rateLimitMutants,
  [completeRateLimits(), denyCacheHarness({ maxMs: 50, maxEntries: 20 }), defaultWindowHarness(60_000)],
  18,
);
