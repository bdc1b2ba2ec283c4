// The scripts are known to servers by their SHA-1: a change of one is a change of the protocol, and must be meant.
import { describe, expect, it } from "vitest";
import { rateLimitScript, type Script, sessionScript, verificationScript } from "./scripts.ts";

/** What was released. A rolling deploy runs both sides of a change: see docs/adr/0006-redis-protocol.md before editing. */
const pinned: Record<Script["name"], string> = {
  "rate-limit": "4f1908b9805b8c7418af97b85eb718f56e70a08f",
  session: "b5ef034b327d7bdda8317d35818d7899f029e8a3",
  verification: "5c05dfc558221e81c9444e6883bef3ef0f5ffea0",
};

describe("scripts", () => {
  it.each([rateLimitScript, sessionScript, verificationScript])("$name is the pinned one", ({ name, sha1 }) => {
    expect(sha1).toBe(pinned[name]);
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of [rateLimitScript, sessionScript, verificationScript]) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
