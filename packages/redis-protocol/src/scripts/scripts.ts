// The scripts, each once: prelude and operations in one source, with the SHA-1 by which servers know it.
import { createHash } from "node:crypto";
import rateLimit from "../rate-limit/rate-limit.lua";
import session from "../session/session.lua";
import verification from "../verification/verification.lua";
import prelude from "./prelude.lua";
import version from "./version.lua";

export interface Script {
  readonly name: "rate-limit" | "session" | "verification";
  readonly source: string;
  readonly sha1: string;
}

/** Comments and indentation are for readers: servers get the source without them. */
function bare(source: string): string {
  return source.replace(/^[ \t]*(--.*)?\n/gm, "").replace(/^[ \t]+/gm, "");
}

function script(name: Script["name"], operations: string): Script {
  const source = bare(`${prelude}\n${operations}`);
  return { name, source, sha1: createHash("sha1").update(source).digest("hex") };
}

export const rateLimitScript: Script = script("rate-limit", rateLimit);
export const sessionScript: Script = script("session", session);
export const verificationScript: Script = script("verification", verification);
/** No store's: asks an old server for its version. Sent as it is, so nothing knows it by a SHA-1. */
export const versionScript: string = bare(version);
