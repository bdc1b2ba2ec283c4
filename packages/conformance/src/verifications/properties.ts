// Every property of a verification store, by the themes of the published list.
import type { VerificationProperty } from "./checks.ts";
import { claimingProperties } from "./claiming.ts";
import { endingProperties } from "./ending.ts";
import { pastHolderProperties } from "./past-holders.ts";
import { payOnceProperties } from "./pay-once.ts";
import { sequenceProperties } from "./sequences.ts";
import { valueProperties } from "./values.ts";
import { verifyOnceProperties } from "./verify-once.ts";
import { verifyAnswerProperties } from "./verify-once-answers.ts";

export const verificationProperties: readonly VerificationProperty[] = [
  ...claimingProperties,
  ...pastHolderProperties,
  ...endingProperties,
  ...valueProperties,
  ...verifyOnceProperties,
  ...verifyAnswerProperties,
  ...payOnceProperties,
  ...sequenceProperties,
];
