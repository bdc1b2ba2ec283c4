// The published suites. Importing this file needs vitest; the properties themselves run anywhere.

export { storesProperties } from "./stores/properties.ts";
export { storesSuite } from "./stores/suite.ts";
export {
  type DifferentialOptions,
  rateLimitDifferential,
  sessionDifferential,
  verificationDifferential,
} from "./differential.ts";
export type { ClusterProbe, DenyCacheProbe, Harness, Need, Probes, RawEntry, ServerProbe } from "./harness.ts";
export { type PortHarnesses, type PortUnderTest, portHarnesses } from "./port-harness.ts";
export { type Bench, type Property, runProperty, unmetNeeds } from "./property.ts";
export { rateLimitProperties } from "./rate-limits/properties.ts";
export { playRateLimits, type RateLimitCommand, rateLimitCommands } from "./rate-limits/sequences.ts";
export { rateLimitStoreSuite } from "./rate-limits/suite.ts";
export type { SessionCommand } from "./sessions/model.ts";
export { sessionProperties } from "./sessions/properties.ts";
export { playSessions, sessionCommands } from "./sessions/sequences.ts";
export { sessionStoreSuite } from "./sessions/suite.ts";
export { type VerificationCommand, verificationCommands } from "./verifications/commands.ts";
export { verificationProperties } from "./verifications/properties.ts";
export { playVerifications } from "./verifications/sequences.ts";
export { verificationStoreSuite } from "./verifications/suite.ts";
