// Every broken verification store is caught by the property that it breaks.
import { verificationProperties } from "../verifications/properties.ts";
import { mutantSuite } from "./catching.ts";
import { payOnceMutants } from "./pay-once-mutants.ts";
import { completeVerifications } from "./verification-mutant-kit.ts";
import { verificationMutants } from "./verification-mutants.ts";

const mutants = [...verificationMutants, ...payOnceMutants];
// What they wait for never comes from a broken store.
const patient = ["11g", "11m", "12i", "12ai", "12j"].map((number) => `verifications/${number}`);
mutantSuite("verifications", verificationProperties, mutants, [completeVerifications()], 13, patient);
