// What a release does with records of the format before its own, and with those of a later one: a made-up format shows it.
import { createHash } from "node:crypto";
import type { Unresolved } from "@tollbooth-stores/core";
import { createRedisVerificationStore, type RedisPort, verificationScripts } from "@tollbooth-stores/redis-protocol";
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { createClient, RESP_TYPES } from "redis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createNodeRedisPort } from "./index.ts";

let server: RunningRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Of the made-up format that a later release reads beside its own: as today's, but for the byte that ends it. */
const PREVIOUS = 201;
const reader = `READERS[${PREVIOUS}] = function(raw)
return decode(string.char(RECORD_FORMAT) .. string.sub(raw, 2) .. string.char(0)) end`;
const laterSource = (source: string) => source.replace(/^local READERS = .*$/m, `$&\n${reader}`);
const laterSha1 = new Map(
  Object.values(verificationScripts).map(({ sha1, source }) => [
    sha1,
    createHash("sha1").update(laterSource(source)).digest("hex"),
  ]),
);

/** A port of that later release: it runs the scripts that know the made-up format. */
function laterRelease(port: RedisPort): RedisPort {
  return {
    ...port,
    evalSha: (sha1, keys, args, signal) => port.evalSha(laterSha1.get(sha1) ?? sha1, keys, args, signal),
    eval: (source, keys, args, signal) => port.eval(laterSource(source), keys, args, signal),
  };
}

async function bench(keyPrefix: string) {
  const client = createClient({ url: server.url }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  await client.connect();
  const port = createNodeRedisPort({ connection: { url: server.url } });
  const now = createRedisVerificationStore(port, { keyPrefix }, { closePort: false });
  const later = createRedisVerificationStore(laterRelease(port), { keyPrefix }, { closePort: false });
  const only = async () => {
    const keys = await client.keys(`${keyPrefix}*`);
    if (keys[0] === undefined || keys.length > 1) throw new Error(`${keys.length} keys`);
    return keys[0];
  };
  const bytes = async () => (await client.get(await only())) ?? Buffer.of();
  return {
    now,
    later,
    bytes,
    /** Writes the only record anew. */
    rewrite: async (change: (record: Buffer) => Buffer) => {
      await client.set(await only(), change(Buffer.from(await bytes())), { KEEPTTL: true });
    },
    async [Symbol.asyncDispose]() {
      await port.close();
      client.destroy();
    },
  };
}

const asPrevious = (record: Buffer) => Buffer.concat([Buffer.of(PREVIOUS), record.subarray(1, -1)]);
const request = { token: "a", fingerprint: "f", leaseMs: 60_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
const accepted = { outcome: "accepted", value: "yes", retainUntilMs: 0 } as const;

it("a record of the previous format is read, and written in today's by whatever changes it", async () => {
  await using at = await bench("previous");
  const claim = await at.now.claim("k", request);
  if (claim.status !== "claimed") throw new Error(claim.status);
  const today = await at.bytes();
  await at.rewrite(asPrevious);
  expect(await at.later.peek("k")).toMatchObject({ status: "in-progress" });
  expect(await at.later.claim("k", { ...request, token: "b" })).toMatchObject({ status: "in-progress" });
  expect(await at.later.claim("k", { ...request, token: "b", fingerprint: "g" })).toEqual({ status: "mismatch" });
  // Looking changes nothing.
  expect((await at.bytes())[0]).toBe(PREVIOUS);
  const resumed = await at.later.claim("k", request);
  expect(resumed).toMatchObject({ status: "claimed", via: "resume", lease: { fence: claim.lease.fence, attempt: 1 } });
  expect(await at.later.note("k", claim.lease, "sent")).toEqual({ status: "ok" });
  expect((await at.bytes())[0]).toBe(today[0]);
  // Its lease, fence and retention are what they were, for both releases.
  expect(await at.now.complete("k", claim.lease, accepted)).toEqual({ status: "ok" });
  await at.rewrite(asPrevious);
  expect(await at.later.claim("k", { ...request, token: "c" })).toMatchObject({ status: "done", value: "yes" });
});

it("what a record of the previous format protects stays protected: doubt is found, a spent result is no free claim", async () => {
  await using at = await bench("protected");
  const claim = await at.now.claim("k", { ...request, leaseMs: 1, onLeaseExpiry: "unknown" });
  if (claim.status !== "claimed") throw new Error(claim.status);
  await at.rewrite(asPrevious);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await at.later.claim("k", { ...request, token: "b" })).toMatchObject({ status: "unknown" });
  const listed: Unresolved[] = [];
  for await (const item of at.later.unresolved()) listed.push(item);
  expect(listed).toMatchObject([{ kind: "in-doubt", attempt: 1 }]);
  const found = await at.later.reconcile({ handle: listed[0]?.handle ?? "" }, { token: "finder", leaseMs: 1_000 });
  expect(found).toMatchObject({ status: "claimed", via: "takeover", lease: { attempt: 2 } });
});

it("a record of a format that is not known is refused by every call, and kept as it is", async () => {
  await using at = await bench("unknown");
  const claim = await at.now.claim("k", request);
  if (claim.status !== "claimed") throw new Error(claim.status);
  await at.rewrite(asPrevious);
  const before = await at.bytes();
  const { lease } = claim;
  const calls = [
    () => at.now.claim("k", request),
    () => at.now.renew("k", lease, 60_000),
    () => at.now.note("k", lease, "sent"),
    () => at.now.complete("k", lease, accepted),
    () => at.now.release("k", lease),
    () => at.now.markUnknown("k", lease),
    () => at.now.settle("k", { receipt: "tx" }),
    () => at.now.deliver("k", { token: "d" }),
    () => at.now.undeliver("k", "d"),
    () => at.now.expire("k", { reason: "void" }),
    () => at.now.reconcile("k", { token: "b", leaseMs: 1_000 }),
    () => at.now.peek("k"),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  expect(await at.bytes()).toEqual(before);
});
