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
        "check-writes": "f0ba72e805ddce9974758392ad0ab19388d0a292",
        "rate-limit.block.fixed-window": "9e6b250a5b79a356fdc9a9d4dbb6b81b89373773",
        "rate-limit.block.sliding-window": "ae094e1081a22d5cc690715f3ef121bc41f18781",
        "rate-limit.block.token-bucket": "50bfb41b8abc4e2fb300396e1e7058f56b3adf0c",
        "rate-limit.charge.fixed-window": "bc31de5d9c50b2df31b03808c05406e29063c5a4",
        "rate-limit.charge.sliding-window": "dbba457623120a024914cad14efb582269c0ab13",
        "rate-limit.charge.token-bucket": "3c2e36c48ccba9293013441e0676627703a4b8f9",
        "rate-limit.consume.fixed-window": "86a3f3b5030696c9fc9a2b4fc6c37748c276a06f",
        "rate-limit.consume.sliding-window": "f6684eed161c5d500f60d8c6b74149817abd8fc8",
        "rate-limit.consume.token-bucket": "3ca1cdabcc0fbd29949b420ecc1f37b2c18c4f29",
        "rate-limit.consumeAll": "de84d8d89cdeb087d2499ff476a5f9dc4206af01",
        "rate-limit.peek.fixed-window": "859af051dab05796f951a54b55a88f60d6e731f8",
        "rate-limit.peek.sliding-window": "45f439c0dd285a7d4d96f42bcceb0ee2c6c15007",
        "rate-limit.peek.token-bucket": "9dc76fe101888901cd1bd66e46307b896dfeb247",
        "rate-limit.refund.fixed-window": "c7d25faae3309abb3377b83d9408a8be7790fc43",
        "rate-limit.refund.sliding-window": "80d463100c6f09e931c0d68a578e8be9fadb7304",
        "rate-limit.refund.token-bucket": "947551b8265420ed8397456d9895c1019f09d47c",
        "rate-limit.reset": "95f2c13f8241e52a9e2508eae33eb58503a0d92a",
        "session.create": "5cc4f1c97b8d11744bffddf143f2b36c30f90778",
        "session.credit": "ed4e8a5ca30206b0b9a8ee63d94be8303c5b31b5",
        "session.debit": "710e7c7bbebdc9119359895cc64685615fb58bea",
        "session.delete": "7624a6cf56c42fe508f062a8c0216e136d092eea",
        "session.deleteSubject": "d450ba7aed7b4e3ed5493b30e3a330d56dbf31d3",
        "session.get": "dc79b1fa7818b923ee5e1c3e06a6f226705fd266",
        "session.listSubject": "3c376dbffec504778fd889139a5b4cac0588b16c",
        "session.rotate": "b13e14cc6f98434cb8b80414cc23b6087e17cb3d",
        "session.touch": "39f5160d2a33ae4f64db6d02c27e2c2debb2345e",
        "session.touchAndGet": "3cb35a468bd5febe70913c616b019651d89395cb",
        "session.update": "e72649716d41a7bcf63f3d9bd004ebd89c4922cf",
        "verification.claim": "882392cac6261c79b3b715e6fc414344f7cccadd",
        "verification.complete": "bcaee3a744234f20f5059488d770edf7ae5bd1c6",
        "verification.deliver": "09b60518ada1cb755d930c0390cffd7a6a702551",
        "verification.expire": "6d4263b5e91d3908dd7176f39cca420626f1ce50",
        "verification.markOnce": "da78d9eafbd19df38d1ca04ffd739da71deb2dea",
        "verification.markUnknown": "537189fba9d63c36a69cc80c3e8f028375481661",
        "verification.note": "04caf3762c50910aa04ce2602af5deacd916fffa",
        "verification.peek": "d8bf8450152ac9b71f8f8ec6388a961d95241fe4",
        "verification.reconcile": "745c1c0727a5be23ccbebd6ec0c3530e0a7f51c1",
        "verification.release": "bf1690cc697c8e0eca8535eb92693fb4c52e71a7",
        "verification.renew": "705b229159ee3ca1b9fc3296c7e0d134ed384a60",
        "verification.settle": "ae16de1914d495304c1ddf39e3cd0eb03f2cf08a",
        "verification.undeliver": "4b9c733478c71b5e3709da9756c9c01937f8b54d",
        "verification.unresolved": "af1e36e6f8ee0ce25a994ccf53900a80e75721b1",
      }
    `);
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of scripts) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
