// The scripts are known to servers by their SHA-1: a change of one is a change of the protocol, and must be meant.
import { describe, expect, it } from "vitest";
import { checkScript } from "./check-writes.ts";
import { rateLimitScript } from "./rate-limit/rate-limit-script.ts";
import { sessionScripts } from "./session/session-scripts.ts";
import { verificationScript } from "./verification/verification-script.ts";

const scripts = [rateLimitScript, ...Object.values(sessionScripts), verificationScript, checkScript];

describe("scripts", () => {
  // A rolling deploy runs both sides of a change: see docs/adr/0006-redis-protocol.md before `vitest run -u`.
  it("are the pinned ones", () => {
    const pinned = Object.fromEntries(scripts.map(({ name, sha1 }) => [name, sha1]));
    expect(Object.keys(pinned)).toHaveLength(scripts.length);
    expect(pinned).toMatchInlineSnapshot(`
      {
        "check-writes": "abd2a155834452ec80e16f82763cffef01d10dfc",
        "rate-limit": "23ca6e0cf88edba7a82e8a532f57188f5da95528",
        "session.create": "5816b390d102582bc18a96acc45457fba7901b14",
        "session.credit": "77fbaa582395eb2c17e4a038ce8c9da0ae58488f",
        "session.debit": "a409c2e83cbd5e50421e10623370ae5e660a48ce",
        "session.delete": "d1e1442c539ba1612b0d96da1866fee202243a73",
        "session.deleteSubject": "70546281f731110f022df0a12dfaed80680ffd31",
        "session.get": "7f3a824a4f29af0698a01920e793b8f1d5ad8295",
        "session.listSubject": "67c289056527b4107022ee838ebfc7c2f387fa3a",
        "session.rotate": "84d79cc7a4f4ef27077fb58892867c85e6d99222",
        "session.touch": "3d4f4e3428855624c1608bb7fe8b6a710d6b8fa9",
        "session.touchAndGet": "2d6ca36e4254d33b2b1adff60b01f9b754e9a16f",
        "session.update": "0af8aa24a85107877c607fc6cbd9523bfd3122de",
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
