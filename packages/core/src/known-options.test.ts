// Options from code: misspelt ones are refused, with the name that is meant.
import { describe, expect, it } from "vitest";
import { isStoreError } from "./errors.ts";
import { type OptionNames, requireKnownOptions } from "./known-options.ts";

const names: OptionNames<{ keyPrefix?: string } | { commandTimeoutMs: number }> = {
  keyPrefix: true,
  commandTimeoutMs: true,
};

function refusal(options: unknown, path?: string): string | undefined {
  try {
    requireKnownOptions(options, names, path);
    return undefined;
  } catch (error) {
    if (!isStoreError(error, "STORE_CONFIG")) throw error;
    return error.message;
  }
}

describe("requireKnownOptions", () => {
  it("takes known options, and counts an undefined one as left out", () => {
    expect(refusal({ keyPrefix: "a", commandTimeoutMs: 1 })).toBeUndefined();
    expect(refusal({ keyprefix: undefined })).toBeUndefined();
    expect(refusal({})).toBeUndefined();
  });

  it("names the option that is meant, and where it stands", () => {
    expect(refusal({ keyprefix: "a" })).toBe('Unknown option "keyprefix"; did you mean "keyPrefix"?');
    expect(refusal({ comandTimeoutMs: 1 }, "connection")).toBe(
      'Unknown option "comandTimeoutMs" in `connection`; did you mean "commandTimeoutMs"?',
    );
  });

  it("lists the known ones where none is near", () => {
    expect(refusal({ colour: 1 })).toBe('Unknown option "colour"; known: commandTimeoutMs, keyPrefix');
  });

  it("is not deceived by names that every object has", () => {
    expect(refusal({ constructor: 1 })).toBe('Unknown option "constructor"; known: commandTimeoutMs, keyPrefix');
  });

  it("does not show a key that does not look like a name", () => {
    expect(refusal({ "s3cret value": 1 })).not.toContain("s3cret");
  });

  it.each(["redis://a.test", null, 5, ["keyPrefix"], () => ({})])("refuses what is no object: %j", (options) => {
    expect(refusal(options)).toBe("The options must be an object.");
    expect(refusal(options, "connection.tls")).toBe("`connection.tls` must be an object.");
  });

  it("knows the names of all alternatives, and lacks none", () => {
    // @ts-expect-error: commandTimeoutMs is missing.
    const missing: OptionNames<{ keyPrefix?: string } | { commandTimeoutMs: number }> = { keyPrefix: true };
    expect(Object.keys(missing)).toEqual(["keyPrefix"]);
  });
});
