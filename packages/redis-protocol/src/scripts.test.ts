// The scripts are known to servers by their SHA-1: a change of one is a change of the protocol, and must be meant.
import { describe, expect, it } from "vitest";
import { checkScript } from "./check-writes.ts";
import { rateLimitScript } from "./rate-limit/rate-limit-script.ts";
import { sessionScript } from "./session/session-script.ts";
import { verificationScripts } from "./verification/verification-scripts.ts";

const scripts = [rateLimitScript, sessionScript, ...Object.values(verificationScripts), checkScript];

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
        "verification.claim": "a526bd7b14cd99e0733e2c0c9a23e43aecfa6e73",
        "verification.complete": "4dc7539efee4400d34f5464a0bb6ec2c266486be",
        "verification.deliver": "f479753e5957bd49176014e0ed5bc5ff5ee2f902",
        "verification.expire": "fdb179e2cec7a5f159d3c95fd01502224157debd",
        "verification.markOnce": "74188acd0354c1cd1f0b4c7b90832ef93c43d773",
        "verification.markUnknown": "e64c4b4463b49fe60f469f5b4a19769c7bf94c0a",
        "verification.note": "c3e4252d7a89bf9e0a0a6f895bf422855036916b",
        "verification.peek": "4714fad02703460809956fdab99d99faaefbd31e",
        "verification.reconcile": "bc6a513773acf811d24408c1e72f161154fd4249",
        "verification.release": "0cc807a7f9224f23f8e3e2580efc3d1e40e25d9d",
        "verification.renew": "9435c4aa210654c5922bcce5238fd45b26fdaff3",
        "verification.settle": "9eeeaf1bd101ef10c7361da2f896da9793a7c904",
        "verification.undeliver": "9f64c857e4469f10097bf4aea80c0564ade4440f",
        "verification.unresolved": "b99fd47941019e93b9ecb825adab6aa7064488cc",
      }
    `);
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of scripts) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
