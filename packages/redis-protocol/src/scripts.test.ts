// The scripts are known to servers by their SHA-1: a change of one is a change of the protocol, and must be meant.
import { describe, expect, it } from "vitest";
import { checkScript } from "./check-writes.ts";
import {
  blockScripts,
  consumeAllScript,
  limitScripts,
  refundScripts,
  resetScript,
} from "./rate-limit/limit-scripts.ts";
import { sessionScripts } from "./session/session-scripts.ts";
import { verificationScripts } from "./verification/verification-scripts.ts";

const limits = [...Object.values(limitScripts), refundScripts, blockScripts].flatMap((of) => Object.values(of));
const sessions = Object.values(sessionScripts);
const verifications = Object.values(verificationScripts);
const scripts = [...limits, resetScript, consumeAllScript, ...sessions, ...verifications, checkScript];

describe("scripts", () => {
  // A rolling deploy runs both sides of a change: see docs/adr/0006-redis-protocol.md before `vitest run -u`.
  it("are the pinned ones", () => {
    const pinned = Object.fromEntries(scripts.map(({ name, sha1 }) => [name, sha1]));
    expect(Object.keys(pinned)).toHaveLength(scripts.length);
    expect(pinned).toMatchInlineSnapshot();
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of scripts) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
