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
        "check-writes": "0d75bfe7273f6c924f18b25fe1f99df2839650ad",
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
        "session.create": "5345be8b6599f490e5607fb5da458b8720fa8473",
        "session.credit": "8cf26a844cefd4727e1bcfa04bbb04075dced228",
        "session.debit": "96b8c019a6b673606a2edd0fb609481fb9e10117",
        "session.delete": "b00e00e2939071b7789f8a04a46b08be7600727d",
        "session.deleteSubject": "e30ac1bca8b3b7c14277088ef2a98b50a3d3d107",
        "session.get": "90a8e76b88016f7a60988b24f37a3b421a01d791",
        "session.listSubject": "b49c268dc1a6743c4a8f4c1db13b62b3bb1af003",
        "session.rotate": "f993821896ccc8c9ec6924c9c51b6da1a7e3f933",
        "session.touch": "bfad1617d420126df20e663bed7ae0fccc8e34f1",
        "session.touchAndGet": "95464c5c70573cabcedf534a725d24503607aa80",
        "session.update": "9e2139108945729ed291a3b8c99d866c4d264949",
        "verification.claim": "b0f93da86fb5e3a21ba3a09fc46f69cfd28caa55",
        "verification.complete": "535d769a8352b71747fc816c5f9d4e09c13e3bdb",
        "verification.deliver": "3b364fa6b418bac1077c3fb452cba1778c255d0c",
        "verification.expire": "269f6c90c67dc6acf9c3a095e206c560728d2e72",
        "verification.markOnce": "5f8fdf005017095e3e5324c1f13c36e99d273868",
        "verification.markUnknown": "713f6fe08a38ece17143e385fa0e1c3193cb98c5",
        "verification.note": "64a114d4fd7e6df8000d9bbc040c12e5322e19ab",
        "verification.peek": "cb1e5daef413a3ce11f967facfc9adae29d6f387",
        "verification.reconcile": "485f9f1abdc18cbf50a36073544908a6c688fe4c",
        "verification.release": "865fe7c2bca58eb49422173c6b1a3d0f7c4deaf6",
        "verification.renew": "e58d487ce4235eab8c9de7c407a0dc6e4de1a258",
        "verification.settle": "82ef4581a1b79f81d0a44e47a74e1b86af675efb",
        "verification.undeliver": "173e12ae1654d7f903e3d4d78231f175a84e54bc",
        "verification.unresolved": "b978c7a3e2b4c90afb36efd2b365491d9310bbcd",
      }
    `);
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of scripts) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
