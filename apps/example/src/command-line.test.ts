// The arguments of the programs: what is read, what is refused.
import { describe, expect, test } from "vitest";
import { portOption, readOptions, UsageError } from "./command-line.ts";

describe("readOptions", () => {
  test("reads what it knows, in both spellings", () => {
    expect(readOptions(["--port", "1", "--config=a.yaml"], ["port", "config"])).toEqual({
      port: "1",
      config: "a.yaml",
    });
    expect(readOptions([], ["port"])).toEqual({});
  });

  test.each([[["--other", "1"]], [["--port"]], [["stray"]]])("refuses %j and says what there is", (args) => {
    expect(() => readOptions(args, ["port"])).toThrow(UsageError);
    expect(() => readOptions(args, ["port"])).toThrow("Options: --port <value>.");
  });
});

describe("portOption", () => {
  test("takes 0 to 65535, or nothing", () => {
    expect([portOption("0"), portOption("65535"), portOption(undefined)]).toEqual([0, 65_535, undefined]);
  });

  test.each(["", "-1", "65536", "1e3", "80a", " 80"])("refuses %j", (text) => {
    expect(() => portOption(text)).toThrow(UsageError);
  });
});
