// The verifications' script: the twins of core's transitions, in the order in which they use each other.
import { type Script, script } from "../scripts/script.ts";
import binding from "./binding.lua";
import claim from "./claim.lua";
import end from "./end.lua";
import hold from "./hold.lua";
import markOnce from "./mark-once.lua";
import operations from "./operations.lua";
import peek from "./peek.lua";
import settle from "./settle.lua";
import record from "./verification-record.lua";
import replies from "./verification-replies.lua";

const parts = [record, replies, binding, claim, hold, settle, end, peek, markOnce, operations];

export const verificationScript: Script = script("verification", ...parts);
