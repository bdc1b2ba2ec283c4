// The rate limits' script.
import { type Script, script } from "../scripts/script.ts";
import operations from "./rate-limit.lua";

export const rateLimitScript: Script = script("rate-limit", operations);
