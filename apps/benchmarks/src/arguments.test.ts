// The command line chooses the sections that run, and whether their results are written to files.
import { expect, test } from "vitest";
import { readArguments } from "./arguments.ts";
import { paceOf } from "./run.ts";
import { sections } from "./scenes.ts";

test("without arguments everything is measured, and the results are kept", () => {
  expect(readArguments([])).toMatchObject({ sections, quick: false, check: false, write: true, allSections: true });
});

test("a part of the sections and a quick run are not kept", () => {
  const some = readArguments(["--section", "consume,sessions"]);
  expect(some).toMatchObject({ sections: ["consume", "sessions"], write: false, allSections: false });
  expect(readArguments(["--quick", "--check"])).toMatchObject({ quick: true, check: true, write: false });
});

test("a quick run is a shorter one", () => {
  const [quick, full] = [["--quick"], []].map((given) => paceOf(readArguments(given)));
  expect(quick?.sliceMs).toBeLessThan(full?.sliceMs ?? 0);
  expect(paceOf(readArguments(["--rounds", "2", "--slice-ms", "50"]))).toMatchObject({ rounds: 2, sliceMs: 50 });
});

test.each([
  ["--section", "speed"],
  ["--section", ""],
  ["--rounds", "0"],
  ["--slice-ms", "fast"],
  ["--fast"],
  ["consume"],
])("%s %s is refused", (...given) => {
  expect(() => readArguments(given.filter((word) => word !== undefined))).toThrow();
});
