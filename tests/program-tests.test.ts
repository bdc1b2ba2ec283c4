// `npm run dev` knows which tests start a built program, and which builds these are.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { programTests, programTriggers } from "./program-tests.ts";
import { root } from "./workspace.ts";

describe("tests that start a built program", () => {
  it("are those that reach a file which names the build", () => {
    const ofExample = programTests("apps/example");
    expect(ofExample).toContain("apps/example/src/crash.test.ts");
    expect(ofExample).not.toContain("apps/example/src/limits.test.ts");
    const ofPlayground = programTests("apps/playground");
    expect(ofPlayground).toContain("apps/playground/src/pay.test.ts");
    expect(ofPlayground).not.toContain("apps/playground/src/command-line.test.ts");
  });

  it.each([
    ["apps/example/dist/gateway.js", "apps/example/src/gateway.ts"],
    ["apps/playground/dist/main.js", "apps/playground/src/main.ts"],
  ])("run again when %s is written", (built, source) => {
    const [trigger, ...others] = programTriggers.filter(({ pattern }) => pattern.test(join(root, built)));
    expect(others).toEqual([]);
    expect(trigger?.testsToRun().length).toBeGreaterThan(0);
    expect(existsSync(join(root, source))).toBe(true);
  });

  it("do not run again for what other tests import", () => {
    for (const built of [
      "apps/example/dist/index.js",
      "packages/core/dist/index.js",
      "apps/example/dist/gateway.js.map",
    ]) {
      expect(programTriggers.filter(({ pattern }) => pattern.test(join(root, built)))).toEqual([]);
    }
  });
});
