// On @keyv/redis and a real Redis that freezes, dies, comes back and refuses: in time, never as absent, no secret shown.
import KeyvRedis from "@keyv/redis";
import { type Harness, type Property, runProperty, storesProperties } from "@tollbooth-stores/conformance";
import type { Stores } from "@tollbooth-stores/core";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { Keyv } from "keyv";
import { afterAll, describe, expect, it } from "vitest";
import { createKeyvStores } from "./create-keyv-stores.ts";

const commandTimeoutMs = 500;
const redis = await startRedis({ survivesKill: true, users: { narrow: "on >acl-secret ~elsewhere:* +@all" } });
const adapter = new KeyvRedis(redis.url, { throwOnErrors: true });
afterAll(async () => {
  await adapter.disconnect(true);
  await redis.stop();
});

async function physicalTtls(namespace: string): Promise<number[]> {
  const script = "local r={} for i,k in ipairs(redis.call('KEYS',ARGV[1])) do r[i]=redis.call('PTTL',k) end return r";
  const ttls = await redis.command("EVAL", script, "0", `${namespace}:*`);
  return Array.isArray(ttls) ? ttls.map(Number) : [];
}

/** Only a property that takes the server away waits for deadlines; the others need an answer on a busy machine too. */
const harness = (property: Property<Stores>): Harness<Stores> => ({
  name: "keyv on Redis",
  create: (keyPrefix) =>
    createKeyvStores({
      keyv: adapter,
      keyPrefix,
      commandTimeoutMs: property.needs?.includes("server") ? commandTimeoutMs : 10_000,
    }),
  advance: () => Promise.reject(new Error("These properties step no clock.")),
  capabilities: { shared: false, atomic: false },
  probes: {
    server: {
      commandTimeoutMs,
      freeze: () => redis.kill("SIGSTOP"),
      thaw: () => redis.kill("SIGCONT"),
      stop: () => redis.kill("SIGKILL"),
      start: () => redis.restart(),
      flushScripts: () => Promise.reject(new Error("Keyv runs no scripts.")),
      answerOnce: () => Promise.reject(new Error("Keyv retries nothing that the stores know of.")),
    },
    physicalTtls,
    borrowed: async (keyPrefix) => ({
      store: createKeyvStores({ keyv: adapter, keyPrefix, commandTimeoutMs }),
      clientWorks: () => adapter.set("still", "open").then(() => true),
    }),
  },
});

describe("on a real Redis", () => {
  const wanted = ["all/1a", "all/1b", "all/3c", "all/6"];
  it.each(storesProperties.filter(({ id }) => wanted.includes(id)))("$id $title", (property) =>
    runProperty(property, harness(property)),
  );

  it("runs each of these properties", () => {
    expect(storesProperties.map(({ id }) => id)).toEqual(expect.arrayContaining(wanted));
  });

  it("hears the failures of an adapter that answers them with nothing, and shows no secret of the server's", async () => {
    const url = new URL(redis.url);
    url.username = "narrow";
    url.password = "acl-secret";
    // Without throwOnErrors the adapter says undefined to a read that the server has refused.
    const quiet = new KeyvRedis(url.href);
    expect(await quiet.get("secret-key").catch(() => "threw")).toBeUndefined();
    const keyv = new Keyv({ store: quiet });
    keyv.on("error", () => undefined);
    const stores = createKeyvStores({ keyv, commandTimeoutMs });
    const error = await stores.sessions.get("secret-id").catch((caught: unknown) => caught);
    await quiet.disconnect(true);
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied", cause: { code: "NOPERM" } });
    if (!(error instanceof Error)) throw new Error("no error");
    expect(`${error.stack} ${JSON.stringify(error.cause)}`).not.toMatch(/secret/);
  });

  it.each(["wrong password", "no server"])("rejects in time where it cannot connect (%s)", async (fault) => {
    const url = new URL(redis.url);
    if (fault === "no server") url.port = "1";
    else url.password = "wrong-secret";
    const unreachable = new KeyvRedis(url.href, { throwOnErrors: true });
    const stores = createKeyvStores({ keyv: unreachable, commandTimeoutMs });
    const error = await stores.verifications.peek("secret-key").catch((caught: unknown) => caught);
    await unreachable.disconnect(true);
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
    expect(String(error)).not.toMatch(/secret/);
  });
});
