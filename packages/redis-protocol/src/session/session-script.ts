// The sessions' script.
import { type Script, script } from "../scripts/script.ts";
import operations from "./session.lua";

export const sessionScript: Script = script("session", operations);
