// The verifications' script.
import { type Script, script } from "../scripts/script.ts";
import operations from "./verification.lua";

export const verificationScript: Script = script("verification", operations);
