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
        "check-writes": "2cddc2aa08b6d765430f70469a5fd28d5dd8be4e",
        "rate-limit.block.fixed-window": "353d202a24d144986da9298039769e1c0f98ad3d",
        "rate-limit.block.sliding-window": "b03adf6da7450fe725c846397f37200ea99e2c84",
        "rate-limit.block.token-bucket": "9c4762c6baa8d64a076627b111cad6b1a5b706df",
        "rate-limit.charge.fixed-window": "3ca6137b14c276e0021b45f46104f6dee1aee218",
        "rate-limit.charge.sliding-window": "f5089d2c02ef9aa6bc8009ce83752fdb0cf75260",
        "rate-limit.charge.token-bucket": "36f029072e47d2508950f4c836a987c949d39bf8",
        "rate-limit.consume.fixed-window": "83f48916dfe7440cb742d912e2e61fb1c99f6208",
        "rate-limit.consume.sliding-window": "065c3484ce0fe489aba457d699e9716242566bc8",
        "rate-limit.consume.token-bucket": "a69fab35187e3086ba5c4fbc6738c53dfc7e49ec",
        "rate-limit.consumeAll": "761286be0f01d0ffe1e2eed7e09014a1e6e5c949",
        "rate-limit.peek.fixed-window": "3048cbcfb852d45c2cd687211b4db9f08f121644",
        "rate-limit.peek.sliding-window": "910beac4e2c123ebd805cfbf1d8d6f0d853d030e",
        "rate-limit.peek.token-bucket": "45903fb5e06d635cb5f14d52e360237c869588cd",
        "rate-limit.refund.fixed-window": "9eafbb96d4acafc82dce8a4db083e88f4817e7ef",
        "rate-limit.refund.sliding-window": "0d2abbc8cb306c0b80fb901d64da7891b59349f1",
        "rate-limit.refund.token-bucket": "b6d70c44f0944c4db4dc1491c2a75ae3c768058b",
        "rate-limit.reset": "28cf6503647d52fcf45495494a1cfbb5c26f81c0",
        "session.create": "a8024c51a710cfe8950a561f365121394afec523",
        "session.credit": "8653a7a77ac2cd75e10bdb7f08e20794c6f1d890",
        "session.debit": "a4309793a063fc1148b48994040b7bec1bc2f277",
        "session.delete": "b650a67e399201824759ebbce734f6609598658f",
        "session.deleteSubject": "2ad31bc955dd029e47d52fd767bc3f35dbc35a2d",
        "session.get": "2e50baab7684185924712e3bbe0875d3639eb1aa",
        "session.listSubject": "bbeb263279039dec9b46d3a6a28482a1bb87a01c",
        "session.rotate": "50e8da616bf8a9680fe26962e66a1cfd5190aa5f",
        "session.touch": "d0d0aa22089e3981e79eaac592e62787a796b0fa",
        "session.touchAndGet": "c2cbf369475f7ec76878e8826aa3acde9f95b072",
        "session.update": "5d97abe6aa39b2460414ad4bc831131b06c8c7a9",
        "verification.claim": "ca50079f1c7ab24117351fa2caed3daff38cb14f",
        "verification.complete": "5163f906114aa0fd7d14a258cafc9434036ccab6",
        "verification.deliver": "1ae45d2b06ddd576fae7efb2c0ed41f2e84b7e97",
        "verification.expire": "fd4fe493353e7708eae16bf7b289499e83a3d698",
        "verification.markOnce": "dbb2289cac4b326a26781e349c65f7b6a4b3cd37",
        "verification.markUnknown": "850db3df64a8c2c927ac27607c851f5b5df812a2",
        "verification.note": "931a3d86372da4d359de0487622f30745f72d5d5",
        "verification.peek": "8feee6900dae1ff936a16cc5a6724a34b9316e13",
        "verification.reconcile": "f9a716ea9a4b2e34423a3121be7f18c5054815a8",
        "verification.release": "b1528ce0c5d243807e633de678263149167202e6",
        "verification.renew": "9868a14da464321f0b43ac9c5222db712013b8db",
        "verification.settle": "44b11b806d8e63118419a7a32d63f431dc239247",
        "verification.undeliver": "cff666b1822dce7a4ec344cd43c575fd77aa9371",
        "verification.unresolved": "1d8f7ab3e6db9c5f0e03a5b54d4490449fa82104",
      }
    `);
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of scripts) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
