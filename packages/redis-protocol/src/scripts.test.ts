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
import { verificationScript } from "./verification/verification-script.ts";

const limits = [...Object.values(limitScripts), refundScripts, blockScripts].flatMap((of) => Object.values(of));
const scripts = [
  ...limits,
  resetScript,
  consumeAllScript,
  ...Object.values(sessionScripts),
  verificationScript,
  checkScript,
];

describe("scripts", () => {
  // A rolling deploy runs both sides of a change: see docs/adr/0006-redis-protocol.md before `vitest run -u`.
  it("are the pinned ones", () => {
    const pinned = Object.fromEntries(scripts.map(({ name, sha1 }) => [name, sha1]));
    expect(Object.keys(pinned)).toHaveLength(scripts.length);
    expect(pinned).toMatchInlineSnapshot(`
      {
        "check-writes": "d8f390d8dd7851136016806217c66fc3f96b4811",
        "rate-limit.block.fixed-window": "6a88022c7144b2493ebc0e630f4334efa3716b4d",
        "rate-limit.block.sliding-window": "fed8f5812b4d248a8e40339eebb05f24132312f0",
        "rate-limit.block.token-bucket": "884a4c289e9b450beaf6aba9922eb0d52adfff8d",
        "rate-limit.charge.fixed-window": "7e1830668d235ebffe282efa4f43b24fdcf61aab",
        "rate-limit.charge.sliding-window": "2c55b54143a63b646693202c55786ac9bc852aa1",
        "rate-limit.charge.token-bucket": "0df242096c64a896d4a85ee0efc96fbb1393335f",
        "rate-limit.consume.fixed-window": "c228ae8e216577e4a5967a51db8b91e56e3b878c",
        "rate-limit.consume.sliding-window": "cfa90546cb6d12133f428beb734a70331cbd4b2d",
        "rate-limit.consume.token-bucket": "a2ca6c8dec0461dd4eb57296ad8fa12ceea44e00",
        "rate-limit.consumeAll": "fa010d25073944dcdd8666153266901b0f25d874",
        "rate-limit.peek.fixed-window": "925718c470ff95d03132cce2824e405235adb230",
        "rate-limit.peek.sliding-window": "bfebd0fc55e68c414ee0ffcd487e0110be56f748",
        "rate-limit.peek.token-bucket": "3a4a6929c959378b1c30e1d25b024ba0a53a69a3",
        "rate-limit.refund.fixed-window": "406f8e39ef236f75fe8fd5ad73853cebef7db375",
        "rate-limit.refund.sliding-window": "31c94578dfd2e6859b4b6b48d4eb447e997f271b",
        "rate-limit.refund.token-bucket": "5ec489e0faf1ae65cf05163949fc4cfdc3b111ad",
        "rate-limit.reset": "2de2e6796810420be6dc2eddd08ffdc4b1ec5cde",
        "session.create": "5e400815468ea143f5ea7b559d2a7b3ce54cd238",
        "session.credit": "14cbbc7184dcdfb3a593170475fce2f5e277ae90",
        "session.debit": "684e87fb76678836ffb704455c0eec0c511d7589",
        "session.delete": "fbff5ccf09a74832f07fbf3fc79d0df966f3decf",
        "session.deleteSubject": "2c887f16a6b18a775805b936573890c0e993d427",
        "session.get": "a84b0f2ad4c6f5fd27be5b41d48d2624272d6cd1",
        "session.listSubject": "c318ebc356f2242fc9849b54f3fa5e3ebc3c8e0d",
        "session.rotate": "243b0e813b68d7781f69a8c1f858f83866518b8c",
        "session.touch": "f2cfec853a2b6a021826fdfff8477618dd07dffb",
        "session.touchAndGet": "b163ca929b5bb32dd257b9875738b5b788233511",
        "session.update": "9993810217316c77d8de10e25d07f8d62b0279fe",
        "verification": "c498e7147398ddc1bc71037a1c5543df9a8582f9",
      }
    `);
  });

  it("carry no comments and no indentation to the server", () => {
    for (const { source } of scripts) {
      expect(source).not.toMatch(/^\s|^--|\n\n/m);
    }
  });
});
