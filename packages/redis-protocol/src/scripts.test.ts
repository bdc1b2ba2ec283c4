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
        "session.create": "587d8bc3285fd7466cc1d236237a84a1d2a2a6f9",
        "session.credit": "e5de19f5224e653519d06a36d60484c965f5c06d",
        "session.debit": "551794207e497fa4486a3c4c6b5900e92d0ac71e",
        "session.delete": "359687c30620765174a2f3933f9b5826ac6373e9",
        "session.deleteSubject": "70546281f731110f022df0a12dfaed80680ffd31",
        "session.get": "7f3a824a4f29af0698a01920e793b8f1d5ad8295",
        "session.listSubject": "67c289056527b4107022ee838ebfc7c2f387fa3a",
        "session.rotate": "2a1f2bfc768f1f798b376d9e49e3f1c6b0e45f89",
        "session.touch": "28f7bb52ade8d9f4b5988088e5b59baa7d5c892d",
        "session.touchAndGet": "72de061115c7f2b3ded451a90ff12c976e1fef69",
        "session.update": "0246f2ddc6071c5e2e6b1cb7eb8d443e2bc94dff",
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
