// Every property of a verification store, by the themes of the published list.

import { capacityProperties } from "./capacity.ts";
import type { VerificationProperty } from "./checks.ts";
import { claimingProperties } from "./claiming.ts";
import { endingProperties } from "./ending.ts";
import { pastHolderProperties } from "./past-holders.ts";
import { payOnceProperties } from "./pay-once.ts";
import { paymentClaimProperties } from "./payment-claims.ts";
import { paymentEndProperties } from "./payment-ends.ts";
import { receiptProperties } from "./receipts.ts";
import { sequenceProperties } from "./sequences.ts";
import { valueProperties } from "./values.ts";
import { verifyOnceProperties } from "./verify-once.ts";
import { verifyAnswerProperties } from "./verify-once-answers.ts";

export const verificationProperties: readonly VerificationProperty[] = [
  ...claimingProperties,
  ...paymentClaimProperties,
  ...pastHolderProperties,
  ...receiptProperties,
  ...endingProperties,
  ...paymentEndProperties,
  ...valueProperties,
  ...capacityProperties,
  ...verifyOnceProperties,
  ...verifyAnswerProperties,
  ...payOnceProperties,
  ...sequenceProperties,
];
