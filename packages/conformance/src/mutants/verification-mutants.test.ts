// Every broken verification store is caught by the property that it breaks.
import { verificationProperties } from "../verifications/properties.ts";
import { mutantSuite } from "./catching.ts";
import { completeVerifications } from "./verification-mutant-kit.ts";
import { verificationMutants } from "./verification-mutants.ts";

mutantSuite("verifications", verificationProperties, verificationMutants, [completeVerifications()], 13);
