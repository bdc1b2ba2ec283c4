// Every property of a rate-limit store, in the order of the published list.
import type { RateLimitProperty } from "./checks.ts";
import { clockProperties } from "./clocks.ts";
import { countingProperties } from "./counting.ts";
import { identityProperties } from "./identity.ts";
import { givingBackProperties } from "./refunds.ts";
import { sequenceProperties } from "./sequences.ts";
import { timeProperties } from "./time.ts";
import { togetherProperties } from "./together.ts";

export const rateLimitProperties: readonly RateLimitProperty[] = [
  ...countingProperties,
  ...timeProperties,
  ...clockProperties,
  ...togetherProperties,
  ...givingBackProperties,
  ...identityProperties,
  ...sequenceProperties,
];
