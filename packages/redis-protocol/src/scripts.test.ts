// The scripts are known to servers by their SHA-1: a change of one is a change of the protocol, and must be meant.
import { describe, expect, it } from "vitest";
import { checkScript } from "./check-writes.ts";
import { rateLimitScript } from "./rate-limit/rate-limit-script.ts";
import type { Script } from "./scripts/script.ts";
import { sessionScript } from "./session/session-script.ts";
import { verificationScript } from "./verification/verification-script.ts";

/** What was released. A rolling deploy runs both sides of a change: see docs/adr/0006-redis-protocol.md before editing. */
const pinned: Record<Script["name"], string> = {
  "rate-limit": "efc1f83857c838745c3306aa51b5494eb2fe95d7",
  session: "48d0def2fa52562d628e3f73324b91ee61f6bb1f",
  verification: "0f360e89da1d80c6e6f4fae6974d70166e45c50c",
  "check-writes": "827837d4111bfeb87761a20a26ee29aeb15c954e",
};

describe("scripts", () => {
  it.each([rateLimitScript, sessionScript, verificationScript, checkScript])(
    "$name is the pinned one",
    ({ name, sha1 }) => {
      expect(sha1).toBe(pinned[name]);
    },
  );

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of [rateLimitScript, sessionScript, verificationScript, checkScript]) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
