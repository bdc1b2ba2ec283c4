// The program measures what it is asked for, prints it, and refuses the rest.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { resultsFile } from "./report/results.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("./main.ts", import.meta.url));

test("a section is measured and printed, and the kept results stay as they are", async () => {
  const before = readFileSync(resultsFile, "utf8");
  const { stdout } = await run(process.execPath, [
    program,
    "--quick",
    "--section",
    "memory",
    "--rounds",
    "2",
    "--slice-ms",
    "20",
  ]);
  expect(stdout).toContain("### consume-memory, 1 in flight");
  expect(stdout).toMatch(/\| rlf\/memory \| [\d,]+ \([\d,]+ to [\d,]+\) \|/);
  expect(stdout).toMatch(/\| memory consume, against RLF memory \| memory \| >= 1x \| [\d.]+x/);
  expect(stdout).not.toContain("session get");
  expect(readFileSync(resultsFile, "utf8")).toBe(before);
});

test("an unknown section is refused with 2, naming those that there are", async () => {
  const failed = await run(process.execPath, [program, "--section", "speed"]).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining("Sections are consume, algorithms") });
});
