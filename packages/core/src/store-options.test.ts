// Options: defaults filled in, and each wrong one refused by name.
import { describe, expect, it } from "vitest";
import { isStoreError } from "./errors.ts";
import { resolveStoreOptions, type StoreOptions } from "./store-options.ts";

const refusal = (options: StoreOptions): string => {
  try {
    resolveStoreOptions(options, "sessions");
    return "";
  } catch (error) {
    return isStoreError(error, "STORE_CONFIG") ? error.message : "another error";
  }
};

/** As plain JavaScript passes it. */
const wrongRefusal = (options: unknown): unknown => Reflect.apply(refusal, undefined, [options]);

describe("resolveStoreOptions", () => {
  it("fills in the defaults", () => {
    expect(resolveStoreOptions({}, "rateLimits")).toMatchObject({
      ...{ keyPrefix: "tollbooth:rl", ttlJitter: 0.1, provider: "custom", maxValueBytes: 65_536, defaults: {} },
    });
    expect(resolveStoreOptions({ keyPrefix: "mine" }, "verifications").keyPrefix).toBe("mine");
  });

  it("gives one pseudonymizer a secret, the first for writing", () => {
    const { pseudonymizers } = resolveStoreOptions({ keySecret: ["new", "old"] }, "sessions");
    const old = resolveStoreOptions({ keySecret: "old" }, "sessions").pseudonymizers[0];
    expect(pseudonymizers).toHaveLength(2);
    expect(pseudonymizers[1]?.("alice")).toBe(old("alice"));
    expect(pseudonymizers[0]("alice")).not.toBe(old("alice"));
  });

  it("names the option that is wrong and never its value", () => {
    expect(refusal({ keyPrefix: "a{b}" })).toMatch(/^keyPrefix/);
    expect(refusal({ keyPrefix: "" })).toMatch(/^keyPrefix/);
    expect(refusal({ keySecret: "" })).toMatch(/^keySecret/);
    expect(refusal({ keySecret: [] })).toMatch(/^keySecret/);
    expect(refusal({ ttlJitter: 0.6 })).toMatch(/^ttlJitter/);
    expect(refusal({ ttlJitter: Number.NaN })).toMatch(/^ttlJitter/);
    expect(refusal({ maxValueBytes: 0 })).toMatch(/^maxValueBytes/);
    expect(refusal({ defaults: { idleTtlMs: 0 } })).toMatch(/^defaults.idleTtlMs/);
    expect(refusal({ defaults: { windowMs: undefined } })).toBe("");
    expect(wrongRefusal({ keyPrefix: 5 })).toMatch(/^keyPrefix/);
    expect(wrongRefusal({ keyPrefix: null })).toMatch(/^keyPrefix/);
    // Taken for "not given", it would leave the hashes unkeyed.
    expect(wrongRefusal({ keySecret: null })).toMatch(/^keySecret/);
    expect(wrongRefusal({ keySecret: 5 })).toMatch(/^keySecret/);
    expect(wrongRefusal({ keySecret: { secret: "hunter2" } })).toMatch(/^keySecret(?!.*hunter2)/);
    expect(wrongRefusal({ defaults: null })).toMatch(/^`defaults` must be an object/);
    expect(wrongRefusal({ codec: null })).toMatch(/^codec must have/);
    expect(wrongRefusal({ codec: "json" })).toMatch(/^codec must have/);
    expect(wrongRefusal({ codec: { encode: () => "" } })).toMatch(/^codec must have/);
    expect(wrongRefusal({ provider: "" })).toMatch(/^provider must be text/);
    expect(wrongRefusal({ provider: null })).toMatch(/^provider must be text/);
    // Taken for false, it would cost what a hash costs at every call.
    expect(wrongRefusal({ inProcess: "true" })).toMatch(/^inProcess must be true or false/);
    // The first one writes: without it the hashes would be unkeyed.
    expect(wrongRefusal({ keySecret: [undefined, "old"] })).toMatch(/^keySecret/);
    expect(wrongRefusal(null)).toBe("The options must be an object.");
    const misspelt = { windowMS: 60_000, idleTtlMs: 1 };
    expect(refusal({ defaults: misspelt })).toBe('Unknown option "windowMS" in `defaults`; did you mean "windowMs"?');
  });
});
