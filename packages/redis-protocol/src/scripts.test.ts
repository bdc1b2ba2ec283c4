// The scripts are known to servers by their SHA-1: a change of one is a change of the protocol, and must be meant.
import { describe, expect, it } from "vitest";
import { checkScript } from "./check-writes.ts";
import { rateLimitScript } from "./rate-limit/rate-limit-script.ts";
import type { Script } from "./scripts/script.ts";
import { sessionScript } from "./session/session-script.ts";
import { verificationScript } from "./verification/verification-script.ts";

/** What was released. A rolling deploy runs both sides of a change: see docs/adr/0006-redis-protocol.md before editing. */
const pinned: Record<Script["name"], string> = {
  "rate-limit": "cfb3ff71f3f3d824d9ef9bd50ec7d5556b23071b",
  session: "99a17ac04812417a41bd912f870bab0f65e672fb",
  "check-writes": "13c005d5c71981854dc17d9bb3c5ee28262148c2",
  verification: "49d876b6922a4954d175aebf7a8f2aa5a7fa254c",
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
