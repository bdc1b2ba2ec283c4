// The scripts are known to servers by their SHA-1: a change of one is a change of the protocol, and must be meant.
import { describe, expect, it } from "vitest";
import { checkScript } from "./check-writes.ts";
import { rateLimitScripts } from "./rate-limit/limit-scripts.ts";
import { sessionScripts } from "./session/session-scripts.ts";
import { verificationScripts } from "./verification/verification-scripts.ts";

const sessions = Object.values(sessionScripts);
const verifications = Object.values(verificationScripts);
const scripts = [...rateLimitScripts, ...sessions, ...verifications, checkScript];

describe("scripts", () => {
  // A rolling deploy runs both sides of a change: see docs/adr/0006-redis-protocol.md before `vitest run -u`.
  it("are the pinned ones", () => {
    const pinned = Object.fromEntries(scripts.map(({ name, sha1 }) => [name, sha1]));
    expect(Object.keys(pinned)).toHaveLength(scripts.length);
    expect(pinned).toMatchInlineSnapshot(`
      {
        "check-writes": "a55caef21dc9349a07e95206f50fd98a6c433c56",
        "rate-limit.block.fixed-window": "290d7dd5576d479a65cd685df24d68d1a0f16451",
        "rate-limit.block.sliding-window": "57b65909361e017bd4095995426a20b333bb5179",
        "rate-limit.block.token-bucket": "bdf6c83b5d327175a8da1750b6480bd0557271e9",
        "rate-limit.charge.fixed-window": "22f9a4db63fa74c0d5a5aab3842150991e6d28e4",
        "rate-limit.charge.sliding-window": "8ca69a4af959b1f4ba08929c6b1e0b7458920a00",
        "rate-limit.charge.token-bucket": "f72050dc3140a9f62850aa7a034d2cf708bb58c1",
        "rate-limit.consume.fixed-window": "f5fb6121f713039705d754356c713e37b39303c9",
        "rate-limit.consume.sliding-window": "14d163f40139134304a99b65d3d837c67b58bdc2",
        "rate-limit.consume.token-bucket": "9d3c973cc8bc3da88143268f93f6289c0be1be28",
        "rate-limit.consumeAll": "29461b8bb9fdf8f48fac58af0b5ca2bd83bfbf90",
        "rate-limit.peek.fixed-window": "3d54056ebf2ddb93dd54d5d21a25a95ce7cbd74d",
        "rate-limit.peek.sliding-window": "5b57aac658a4789a65d8051a6173218d7aa4fd46",
        "rate-limit.peek.token-bucket": "929a0bec931eb17506c6ce9da66b64524e3ae320",
        "rate-limit.refund.fixed-window": "5158a313342edb03dfbacbb2bdd1ba7ecd4a74fd",
        "rate-limit.refund.sliding-window": "0409ed250d8d9a5bd46162390fd2582ff6a50884",
        "rate-limit.refund.token-bucket": "de404d73ede27037e1f876c75c5d7386cde865c3",
        "rate-limit.reset": "2de2e6796810420be6dc2eddd08ffdc4b1ec5cde",
        "session.create": "348aa286dbda099c1b628a5fb16228ff0e6b3123",
        "session.credit": "910b4cfe05295a165ff53ea1646260c0590d9f84",
        "session.debit": "1bc711be6f91da59d69e10947d1c8e2e31816991",
        "session.delete": "af9a9c47bfaf2e4943c86b7c16a76f64c56378bf",
        "session.deleteSubject": "18f08bfdbdad3c9a1ed818da13df8be4fc05ab97",
        "session.get": "71fa578f90c723f4e302f501c6f3bdbe72785df8",
        "session.listSubject": "9b3989787717840148d6e1f56a077075762dbeb9",
        "session.rotate": "ca2ae737edc7852890f2009bb61b27641fabe828",
        "session.touch": "b0290c00ef86c9f5bc075a0aabe937c157dd27a6",
        "session.touchAndGet": "4b9e27574e4a4a9bf793ac9806144feae4a53944",
        "session.update": "fff76cd94e57f0395e7cb75bba52e019158a1c1a",
        "verification.claim": "bbbaed8353e10ddee8914f8582448c45a5a31be8",
        "verification.complete": "d47cc99727e3293776a5c191bafdbf852bc4dfae",
        "verification.deliver": "eb94a89bb4ed232eef698a31abe8370cff0d317c",
        "verification.expire": "d2d3db929c4ca894e08a4179755791906e128daf",
        "verification.markOnce": "eef577681f18d8fdfe6ee2de4b78888734430fdc",
        "verification.markUnknown": "21cb5df770b7f8fec0fb05de4113b2201d8c36b6",
        "verification.note": "b98837944109be4717d5325e8115d9d19542984b",
        "verification.peek": "d5f5edf7f1287c66fd78e8073771989788d6bcc2",
        "verification.reconcile": "941bd922824159df6de2c5ef6525d4b12a5bcd6a",
        "verification.release": "5080bf22d4854a0eb02a980455898bec9befdc6c",
        "verification.renew": "6247930c2e48894382e47a1bbcafdac4be88c653",
        "verification.settle": "1ce6e30835655f5d71c5d35a8f7f2b81d3fda6c8",
        "verification.undeliver": "f6f4babef575110a75344b2aac29aea021c30c11",
        "verification.unresolved": "94044ec45d743b53cae86f5f424907fef0e0eb2e",
      }
    `);
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of scripts) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
