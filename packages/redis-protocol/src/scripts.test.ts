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
        "rate-limit.block.fixed-window": "4509909783ab12d0dfb2d2765ad1974935d52462",
        "rate-limit.block.sliding-window": "5cb08894131363d9a3d2f9513fca00f36d654d4d",
        "rate-limit.block.token-bucket": "101aea23a1c7094b023d9751896b940f3afa84f3",
        "rate-limit.charge.fixed-window": "af06b884fe3353920f26345e13ad4709c09aa962",
        "rate-limit.charge.sliding-window": "167bbad45e327e6ac38e92fdf66eec8112d52e88",
        "rate-limit.charge.token-bucket": "0bf240a0d43cb76aefc8edcb68a44ae6a904d6c8",
        "rate-limit.consume.fixed-window": "e96cfc06d1dc029f4ba41f32c83a89d409437f5d",
        "rate-limit.consume.sliding-window": "633bd29b2efe7419debe53107cfb560995d2884b",
        "rate-limit.consume.token-bucket": "a7e70c5236879b88a01182326805e0b2616daa13",
        "rate-limit.consumeAll": "10bf0d9707848b153a25a94e2600519d62b4318c",
        "rate-limit.peek.fixed-window": "143bafd664d7fd839d34e6180c0756e9632de6ee",
        "rate-limit.peek.sliding-window": "aa09e5613fc8ff340f4c53519b659175e6afad2c",
        "rate-limit.peek.token-bucket": "8b3c73a96943e4842eadb9fe875d792b5a7bac64",
        "rate-limit.refund.fixed-window": "0db89ee48f85db161a43f31e2b67b793ca05ffec",
        "rate-limit.refund.sliding-window": "b5b9a75a4312f391a054ec46b55d103acff8f81e",
        "rate-limit.refund.token-bucket": "27b0fafcf6a159ac5908d34cc0e78a853c5e4661",
        "rate-limit.reset": "2de2e6796810420be6dc2eddd08ffdc4b1ec5cde",
        "session.create": "fdf8df3b5746fa3700a5e75b2e5c70514d18ee53",
        "session.credit": "82055c1415b457b5ba883b9166f8d4895feda492",
        "session.debit": "8be4a108e59408580c85ed392323c536a22d64e1",
        "session.delete": "7f108b0737f28a5d753e183c2d0f98ec6d24b306",
        "session.deleteSubject": "e30ac1bca8b3b7c14277088ef2a98b50a3d3d107",
        "session.get": "90a8e76b88016f7a60988b24f37a3b421a01d791",
        "session.listSubject": "b49c268dc1a6743c4a8f4c1db13b62b3bb1af003",
        "session.rotate": "70c6616e07dfd16fa09029f3d1bb160cebaf4640",
        "session.touch": "192ee869e4fcd59d8177b61abb296b56e80703e1",
        "session.touchAndGet": "2e4943df2f55c41f7815e4a7c332a5e082c91843",
        "session.update": "4aefaf55ea09a2fdf7ae150962d8d2c54c09276a",
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
