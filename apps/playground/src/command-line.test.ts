// The arguments of the programs: what is read, what is refused.
import { describe, expect, test } from "vitest";
import { chainOption, integerOption, portOption, readCommand, UsageError } from "./command-line.ts";

describe("readCommand without flags", () => {
  test("reads what it knows, in both spellings", () => {
    expect(readCommand(["--port", "1", "--config=a.yaml"], ["port", "config"], []).options).toEqual({
      port: "1",
      config: "a.yaml",
    });
    expect(readCommand([], ["port"], []).options).toEqual({});
  });

  test.each([[["--other", "1"]], [["--port"]], [["stray"]]])("refuses %j and says what there is", (args) => {
    expect(() => readCommand(args, ["port"], [])).toThrow(UsageError);
    expect(() => readCommand(args, ["port"], [])).toThrow("Options: --port <value>.");
  });
});

describe("readCommand", () => {
  test("reads options and flags, each at any place", () => {
    const read = readCommand(["--redis", "--port", "1"], ["port", "config"], ["redis", "quiet"]);
    expect(read).toEqual({ options: { port: "1" }, flags: new Set(["redis"]) });
    expect(readCommand([], ["port"], ["redis"])).toEqual({ options: {}, flags: new Set() });
  });

  test.each([[["--redis=yes"]], [["--redis", "yes"]], [["--no-redis"]], [["--reds"]]])(
    "refuses %j and says what there is",
    (args) => {
      expect(() => readCommand(args, ["port"], ["redis"])).toThrow(UsageError);
      expect(() => readCommand(args, ["port"], ["redis"])).toThrow("Options: --port <value>, --redis.");
    },
  );

  test("--help asks for the list of what there is, beside whatever else is given", () => {
    const help = "Options: --port <value>, --redis.";
    expect(readCommand(["--help"], ["port"], ["redis"]).help).toBe(help);
    expect(readCommand(["--redis", "--port", "1", "--help"], ["port"], ["redis"]).help).toBe(help);
    expect(readCommand(["--redis"], ["port"], ["redis"]).help).toBeUndefined();
  });

  test("the last one of an option that is given twice counts", () => {
    expect(readCommand(["--port", "1", "--port", "2"], ["port"], []).options).toEqual({ port: "2" });
  });
});

describe("integerOption", () => {
  test("takes what is in range, or nothing", () => {
    expect(["1", "16", "007"].map((text) => integerOption("instances", text, 1, 16))).toEqual([1, 16, 7]);
    expect(integerOption("instances", undefined, 1, 16)).toBeUndefined();
  });

  test.each(["0", "17", "x", "-1", "1.5", "", "1e1", " 2", "9".repeat(16)])("refuses %j and says the range", (text) => {
    expect(() => integerOption("instances", text, 1, 16)).toThrow(UsageError);
    expect(() => integerOption("instances", text, 1, 16)).toThrow("--instances must be a number from 1 to 16.");
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

describe("chainOption", () => {
  test("takes the two that there are, and is the simulated one by itself", () => {
    expect([chainOption("simulated"), chainOption("evm"), chainOption(undefined)]).toEqual([
      ...["simulated", "evm", "simulated"],
    ]);
  });

  test.each(["", "EVM", "base"])("refuses %j", (text) => {
    expect(() => chainOption(text)).toThrow(new UsageError("--chain must be simulated or evm."));
  });
});
