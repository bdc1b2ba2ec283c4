// The suite of rate limits holds for core's store on the Map port.
import { reference } from "../mutants/reference.ts";
import { rateLimitStoreSuite } from "./suite.ts";

rateLimitStoreSuite({
  ...reference().harnesses.rateLimits,
  lacks: ["persist", "skewed", "spawn", "bounded", "denyCache"],
});
