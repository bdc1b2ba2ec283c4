// The scripts are known to servers by their SHA-1: a change of one is a change of the protocol, and must be meant.
import { describe, expect, it } from "vitest";
import { checkScript } from "./check-writes.ts";
import { rateLimitScript } from "./rate-limit/rate-limit-script.ts";
import { sessionScript } from "./session/session-script.ts";
import { verificationScript } from "./verification/verification-script.ts";

const scripts = [rateLimitScript, sessionScript, verificationScript, checkScript];

describe("scripts", () => {
  // A rolling deploy runs both sides of a change: see docs/adr/0006-redis-protocol.md before `vitest run -u`.
  it("are the pinned ones", () => {
    const pinned = Object.fromEntries(scripts.map(({ name, sha1 }) => [name, sha1]));
    expect(Object.keys(pinned)).toHaveLength(scripts.length);
    expect(pinned).toMatchInlineSnapshot(`
      {
        "check-writes": "abd2a155834452ec80e16f82763cffef01d10dfc",
        "rate-limit": "23ca6e0cf88edba7a82e8a532f57188f5da95528",
        "session": "5126126ab355cfd1b8b7815f709cf0708b891a90",
        "verification": "8773e264d2bd403e6a4d6f4d7c37df60e9782fef",
      }
    `);
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of scripts) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
