// Verifications 12: the façade payOnce over the store under test, topic by topic.
import type { VerificationProperty } from "./checks.ts";
import { abortProperties } from "./pay-once-aborts.ts";
import { crashProperties } from "./pay-once-crashes.ts";
import { deliveryProperties } from "./pay-once-delivery.ts";
import { doubtProperties } from "./pay-once-doubt.ts";
import { memoryProperties } from "./pay-once-memory.ts";
import { operatorProperties } from "./pay-once-operators.ts";
import { singleProperties } from "./pay-once-single.ts";
import { wordProperties } from "./pay-once-words.ts";

export const payOnceProperties: readonly VerificationProperty[] = [
  ...singleProperties,
  ...crashProperties,
  ...abortProperties,
  ...deliveryProperties,
  ...wordProperties,
  ...doubtProperties,
  ...memoryProperties,
  ...operatorProperties,
];
