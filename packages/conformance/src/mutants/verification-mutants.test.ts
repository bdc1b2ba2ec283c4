// Every broken verification store is caught by the property that it breaks.
import { verificationProperties } from "../verifications/properties.ts";
import { mutantSuite } from "./catching.ts";
import { payOnceMutants } from "./pay-once-mutants.ts";
import { completeVerifications } from "./verification-mutant-kit.ts";
import { verificationMutants } from "./verification-mutants.ts";

const mutants = [...verificationMutants, ...payOnceMutants];
mutantSuite("verifications", verificationProperties, mutants, [completeVerifications()], 13);
