// StoreError: recognised across copies of the package, and silent about what it must not tell.
import { describe, expect, it } from "vitest";
import type * as errors from "./errors.ts";
import { isStoreError, StoreError, sanitizedCause } from "./errors.ts";

describe("isStoreError", () => {
  it("knows an error of another installed copy, as that one knows ours", async () => {
    const copy: typeof errors = await import(
      /* @vite-ignore */ `${new URL("./errors.ts", import.meta.url).pathname}?copy`
    );
    const theirs = new copy.StoreError("STORE_CLOSED", "x");
    expect(theirs).not.toBeInstanceOf(StoreError);
    expect([isStoreError(theirs, "STORE_CLOSED"), isStoreError(theirs, "STORE_CORRUPT")]).toEqual([true, false]);
    expect(copy.isStoreError(new StoreError("STORE_CLOSED", "x"), "STORE_CLOSED")).toBe(true);
    expect(sanitizedCause(theirs)).toBe(theirs);
  });

  it("knows no other error, and an error by its code", () => {
    expect(isStoreError(new StoreError("STORE_CLOSED", "x"), "STORE_CORRUPT")).toBe(false);
    for (const other of [new Error("x"), null, undefined, "STORE_CLOSED", {}]) expect(isStoreError(other)).toBe(false);
  });

  it("says not-applied unless told otherwise", () => {
    expect(new StoreError("STORE_UNAVAILABLE", "x").outcome).toBe("not-applied");
    expect(new StoreError("STORE_UNAVAILABLE", "x", { outcome: "unknown" }).outcome).toBe("unknown");
  });
});

describe("sanitizedCause", () => {
  it("keeps a class name and an error word, and nothing else", () => {
    const acl = new Error("NOPERM User bob has no permissions to run 'set' with key sess:secret");
    expect(sanitizedCause(acl)).toEqual({ name: "Error", code: "NOPERM" });
    const system = Object.assign(new TypeError("connect ECONNREFUSED secret-host:6379"), { code: "ECONNREFUSED" });
    expect(sanitizedCause(system)).toEqual({ name: "TypeError", code: "ECONNREFUSED" });
  });

  it("drops a code or name that could be personal data", () => {
    const odd = Object.assign(new Error("secret stuff"), { code: "my secret", name: "secret 1" });
    expect(sanitizedCause(odd)).toEqual({ name: "Error" });
    expect(sanitizedCause(new Error("ALICE_SECRET_4711 is not a number"))).toEqual({ name: "Error" });
    expect(sanitizedCause(new Error("ALICE said"))).toEqual({ name: "Error" });
    expect(sanitizedCause("secret")).toEqual({ name: "string" });
    expect(JSON.stringify(new StoreError("STORE_CORRUPT", "x", { cause: odd }).cause)).not.toMatch(/secret/);
  });

  it("passes a StoreError on as it is", () => {
    const inner = new StoreError("STORE_CORRUPT", "x");
    expect(new StoreError("STORE_UNAVAILABLE", "y", { cause: inner }).cause).toBe(inner);
  });
});
