// What a backend that runs transitions itself is handed: each one's name, its keys, and the pure function's arguments.
import { describe, expect, it } from "vitest";
import { StoreError } from "./errors.ts";
import { algorithmTag, type NativePort, type NativeTransitions, type TransitionName } from "./native.ts";
import { createRateLimitStore } from "./rate-limit/create-rate-limit-store.ts";
import type { RateLimitCheck } from "./rate-limit/rate-limit-store.ts";
import { createSessionStore } from "./session/create-session-store.ts";
import { mapPort } from "./testing.ts";
import { createVerificationStore } from "./verification/create-verification-store.ts";

interface Handed {
  name: TransitionName;
  keys: readonly string[];
  given: unknown;
}

/** A port that notes what it is handed, and then fails: the replies are not what is tested. */
function notingPort(): { port: NativePort; handed: Handed[] } {
  const handed: Handed[] = [];
  const noting = (name: TransitionName) => (keys: readonly string[], given: unknown) => {
    handed.push({ name, keys, given });
    return Promise.reject(new StoreError("STORE_UNAVAILABLE", "noted"));
  };
  const native: NativeTransitions = {
    "rate-limit.consume": noting("rate-limit.consume"),
    "rate-limit.consumeAll": noting("rate-limit.consumeAll"),
    "rate-limit.peek": noting("rate-limit.peek"),
    "rate-limit.charge": noting("rate-limit.charge"),
    "rate-limit.refund": noting("rate-limit.refund"),
    "rate-limit.block": noting("rate-limit.block"),
    "rate-limit.reset": noting("rate-limit.reset"),
    "session.create": noting("session.create"),
    "session.get": noting("session.get"),
    "session.getMany": noting("session.getMany"),
    "session.touch": noting("session.touch"),
    "session.touchAndGet": noting("session.touchAndGet"),
    "session.update": noting("session.update"),
    "session.credit": noting("session.credit"),
    "session.debit": noting("session.debit"),
    "session.delete": noting("session.delete"),
    "session.rotate": noting("session.rotate"),
    "session.listSubject": noting("session.listSubject"),
    "session.deleteSubject": noting("session.deleteSubject"),
    "verification.claim": noting("verification.claim"),
    "verification.renew": noting("verification.renew"),
    "verification.note": noting("verification.note"),
    "verification.complete": noting("verification.complete"),
    "verification.release": noting("verification.release"),
    "verification.markUnknown": noting("verification.markUnknown"),
    "verification.reconcile": noting("verification.reconcile"),
    "verification.settle": noting("verification.settle"),
    "verification.deliver": noting("verification.deliver"),
    "verification.undeliver": noting("verification.undeliver"),
    "verification.expire": noting("verification.expire"),
    "verification.peek": noting("verification.peek"),
    "verification.unresolved": noting("verification.unresolved"),
    "verification.markOnce": noting("verification.markOnce"),
  } satisfies Record<TransitionName, unknown>;
  return { port: { ...mapPort(), native }, handed };
}

const noted = (call: Promise<unknown>) => expect(call).rejects.toThrow("noted");

describe("rate limits hand over", () => {
  it("the limit, and what each operation takes beside it", async () => {
    const { port, handed } = notingPort();
    const store = createRateLimitStore(port);
    const check: RateLimitCheck = {
      ...{ route: "r", client: "c", cost: 2 },
      policy: { algorithm: "token-bucket", limit: 10, windowMs: 1_000, burst: 20 },
    };
    const limit = {
      ...{ algorithm: "token-bucket", limit: 10, capacity: 20, windowMs: 1_000, cost: 2 },
      ...{ intervalUs: 100_000, toleranceUs: 2_000_000 },
    };
    await noted(store.consume(check));
    await noted(store.consumeAll([check, check]));
    await noted(store.peek(check));
    await noted(store.charge(check));
    await noted(store.refund(check, "tb:7:9"));
    await noted(store.block(check, 5));
    await noted(store.reset(check));
    expect(handed.map(({ name, given }) => [name, given])).toEqual([
      ["rate-limit.consume", { limit }],
      ["rate-limit.consumeAll", { groups: [{ limits: [limit, limit], positions: [0, 1] }] }],
      ["rate-limit.peek", { limit }],
      ["rate-limit.charge", { limit }],
      ["rate-limit.refund", { limit, receipt: { amount: 7, mark: 9 } }],
      ["rate-limit.block", { limit, durationMs: 5 }],
      ["rate-limit.reset", { limit }],
    ]);
    expect(new Set(handed.flatMap(({ keys }) => keys)).size).toBe(1);
    expect(handed[0]?.keys).toEqual([expect.stringMatching(/^tollbooth:rl:r:\{[\w-]{22}\}:tb1000$/)]);
  });

  it("the algorithm's two letters by its name", () => {
    expect((["fixed-window", "sliding-window", "token-bucket"] as const).map(algorithmTag)).toEqual(["fw", "sw", "tb"]);
  });
});

describe("sessions hand over", () => {
  it("the session, its operations and its index, as each operation needs them", async () => {
    const { port, handed } = notingPort();
    const store = createSessionStore(port);
    await noted(store.create({ id: "chosen", data: 1, idleTtlMs: 1_000 }));
    await noted(store.get("chosen"));
    await noted(store.get("chosen", { touch: true }));
    await noted(store.getMany(["chosen", "chosen"]));
    await noted(store.update("chosen", 2, { ifVersion: 3 }));
    await noted(store.modify("chosen", () => 2));
    await noted(store.touch("chosen"));
    await noted(store.credit("chosen", { opId: "o", extendMs: 1 }));
    await noted(store.debit("chosen", { quota: "q", amount: 1n }));
    await noted(store.delete("chosen", { ifVersion: 4 }));
    await noted(store.rotate("chosen"));
    await noted(store.deleteBySubject("alice"));
    await noted(store.listBySubject("alice")[Symbol.asyncIterator]().next());
    const kinds = (keys: readonly string[]) => keys.map((key) => /\}:(\w)/.exec(key)?.[1]).join("");
    expect(handed.map(({ name, keys }) => `${name} ${kinds(keys)}`)).toEqual([
      "session.create si",
      "session.get s",
      "session.touchAndGet soi",
      "session.getMany s",
      "session.update s",
      "session.get s",
      "session.touch soi",
      "session.credit soi",
      "session.debit so",
      "session.delete si",
      "session.rotate ssi",
      "session.deleteSubject i",
      "session.listSubject i",
    ]);
    const hash = handed[0]?.keys[0]?.split(":").at(-1);
    expect(handed[4]?.given).toEqual({ ifVersion: 3, payload: "12", maxValueBytes: 65_536 });
    expect(handed[9]?.given).toEqual({ hash, ifVersion: 4 });
  });
});

describe("verifications hand over", () => {
  const kindOf = ({ keys }: Handed) => keys.map((key) => key.replace(/\{[\w-]{43}\}/, "{}")).join();

  it("the record and what was asked, fingerprints hashed", async () => {
    const { port, handed } = notingPort();
    const store = createVerificationStore(port, { defaults: { valueTtlMs: 77 } });
    const lease = { token: "t", fence: "7", ttlMs: 1, attempt: 1 };
    const asked = { token: "t", fingerprint: "f", retainUntilMs: 5 };
    const claimRequest = { ...asked, leaseMs: 3, onLeaseExpiry: "retry" } as const;
    await noted(store.claim("k", claimRequest));
    await noted(store.renew("k", lease, 3));
    await noted(store.renew("k", lease, 3, { onLeaseExpiry: "unknown" }));
    await noted(store.note("k", lease, "e"));
    await noted(store.complete("k", lease, { outcome: "accepted", value: "v", retainUntilMs: 5 }));
    await noted(store.release("k", lease));
    await noted(store.release("k", lease, { refused: true, forget: false }));
    await noted(store.markUnknown("k", lease));
    await noted(store.reconcile("k", { token: "r", leaseMs: 3 }));
    await noted(store.markOnce("k", asked));
    await noted(store.peek("k"));
    const hash = expect.stringMatching(/^[\w-]{43}$/);
    const nothingKept = { reference: undefined, kept: undefined };
    expect(handed.map(({ name, given }) => [name.replace("verification.", ""), given])).toEqual([
      ["claim", { ...claimRequest, fingerprint: hash, payment: undefined }],
      ["renew", { lease, leaseMs: 3, toUnknown: false, ...nothingKept }],
      ["renew", { lease, leaseMs: 3, toUnknown: true, ...nothingKept }],
      ["note", { lease, evidence: "e" }],
      ["complete", { lease, outcome: "accepted", value: "v", valueTtlMs: 77, retainUntilMs: 5 }],
      ["release", { lease, refused: false, forget: false }],
      ["release", { lease, refused: true, forget: false }],
      ["markUnknown", { lease, evidence: undefined }],
      ["reconcile", { token: "r", leaseMs: 3 }],
      ["markOnce", { ...asked, fingerprint: hash }],
      ["peek", undefined],
    ]);
    const withKept = "tollbooth:verify:{}:c,tollbooth:verify:{}:k";
    expect(new Set(handed.map(kindOf))).toEqual(new Set(["tollbooth:verify:{}:c", "tollbooth:verify:{}:m", withKept]));
    const touching = handed.filter((call) => kindOf(call) === withKept).map(({ name }) => name);
    expect(touching).toEqual(["verification.complete", "verification.release", "verification.release"]);
  });

  it("a payment's record and what is kept beside it, payload and collector hashed", async () => {
    const { port, handed } = notingPort();
    const store = createVerificationStore(port);
    const lease = { token: "t", fence: "7", ttlMs: 1, attempt: 1 };
    const payment = { payload: "p", collector: "c" };
    const claimRequest = {
      token: "t",
      fingerprint: "f",
      retainUntilMs: 5,
      leaseMs: 3,
      onLeaseExpiry: "retry",
    } as const;
    await noted(store.claim("k", { ...claimRequest, payment }));
    await noted(store.renew("k", lease, 3, { onLeaseExpiry: "unknown", reference: "r", kept: "text" }));
    await noted(store.settle("k", { receipt: "tx", fingerprint: "f", payment: { payload: "p" }, lease }));
    await noted(store.settle("k", { receipt: "tx", deliver: { token: "d" } }));
    await noted(store.deliver("k", { token: "d", kept: "text", keptForMs: 9 }));
    await noted(store.undeliver("k", "d"));
    await noted(store.expire("k", { reason: "void", lease }));
    const hash = expect.stringMatching(/^[\w-]{43}$/);
    expect(handed.map(({ name, given }) => [name.replace("verification.", ""), given])).toEqual([
      ["claim", { ...claimRequest, fingerprint: hash, payment: { payload: hash, collector: hash } }],
      ["renew", { lease, leaseMs: 3, toUnknown: true, reference: "r", kept: "text" }],
      ["settle", { receipt: "tx", fingerprint: hash, payment: { payload: hash }, lease }],
      ["settle", { receipt: "tx", fingerprint: undefined, payment: undefined, deliver: { token: "d" } }],
      ["deliver", { token: "d", kept: "text", keptForMs: 9 }],
      ["undeliver", { token: "d" }],
      ["expire", { reason: "void", lease }],
    ]);
    expect(new Set(handed.map(kindOf))).toEqual(new Set(["tollbooth:verify:{}:c,tollbooth:verify:{}:k"]));
  });

  it("a handle's record as its key's", async () => {
    const { port, handed } = notingPort();
    const store = createVerificationStore(port);
    await noted(store.peek("k"));
    const handle = /\{(.*)\}/.exec(handed[0]?.keys[0] ?? "")?.[1] ?? "";
    await noted(store.peek({ handle }));
    expect(handed[1]?.keys).toEqual(handed[0]?.keys);
  });

  it("records to look through one by one", async () => {
    const { port, handed } = notingPort();
    const { native: _, ...plain } = port;
    const writer = createVerificationStore(plain);
    await writer.claim("k", { token: "t", fingerprint: "f", leaseMs: 3, onLeaseExpiry: "retry", retainUntilMs: 0 });
    const looking = createVerificationStore(port).unresolved()[Symbol.asyncIterator]();
    await noted(looking.next());
    expect(handed).toEqual([
      { name: "verification.unresolved", keys: [expect.stringMatching(/:c$/)], given: undefined },
    ]);
  });
});
