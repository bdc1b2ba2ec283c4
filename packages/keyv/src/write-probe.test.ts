// check() sets, reads and deletes a probe within one deadline. It detects an adapter that keeps nothing.
import { expect, it, vi } from "vitest";
import { createKeyvStores } from "./create-keyv-stores.ts";

/** An adapter that answers from a Map, with parts replaced. */
function adapterOf(broken: Partial<Record<"get" | "set" | "delete", (key: string) => unknown>> = {}) {
  const values = new Map<string, unknown>();
  const calls: { method: string; key: string; lifetime?: number | undefined }[] = [];
  const keyv = {
    opts: {},
    async get(key: string) {
      calls.push({ method: "get", key });
      return broken.get ? broken.get(key) : values.get(key);
    },
    async set(key: string, value: string, lifetime?: number) {
      calls.push({ method: "set", key, lifetime });
      if (broken.set) return broken.set(key);
      values.set(key, value);
      return true;
    },
    async delete(key: string) {
      calls.push({ method: "delete", key });
      return broken.delete ? broken.delete(key) : values.delete(key);
    },
    async clear() {},
    on() {},
    off() {},
  };
  return { keyv, values, calls };
}

it("sets a probe under the prefix, reads it and deletes it", async () => {
  const { keyv, values, calls } = adapterOf();
  await using stores = createKeyvStores({ keyv, keyPrefix: "shop" });
  expect((await stores.check()).latencyMs).toBeGreaterThanOrEqual(0);
  expect(calls.map(({ method }) => method)).toEqual(["set", "get", "delete"]);
  expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
  expect(calls[0]?.key).toMatch(/^shop:check:/);
  expect(values.size).toBe(0);
});

it.each([
  ["refuses to set", { set: () => Promise.reject(new Error("READONLY secret")) }],
  ["says that it did not set", { set: () => false }],
  ["keeps nothing", { get: () => undefined }],
  ["gives back something else", { get: () => "1{}" }],
  ["cannot read", { get: () => Promise.reject(new Error("secret")) }],
  ["cannot delete", { delete: () => Promise.reject(new Error("secret")) }],
])("rejects where the adapter %s, and tries to delete the probe", async (_, broken) => {
  const { keyv, calls } = adapterOf(broken);
  await using stores = createKeyvStores({ keyv });
  await expect(stores.check()).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.not.stringContaining("secret"),
  });
  expect(calls.at(-1)?.method).toBe("delete");
});

it("ends at the deadline, one for all three calls, and deletes the probe when the adapter answers late", async () => {
  const answers: (() => void)[] = [];
  const { keyv, calls } = adapterOf({
    set: () => new Promise((resolve) => answers.push(() => resolve(true))),
  });
  await using stores = createKeyvStores({ keyv, commandTimeoutMs: 20 });
  await expect(stores.check()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", message: /commandTimeoutMs/ });
  for (const answer of answers) answer();
  await vi.waitFor(() => expect(calls.at(-1)?.method).toBe("delete"));
});
