// What each public package's tarball holds, and the use of some on the repository's own Node.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { atLeast, ownNode } from "./node-versions.ts";
import { everyDayPackages, installedTests, packages, tarballOf } from "./packed.ts";
import { root } from "./public-packages.ts";
import { output } from "./run.ts";

const ownBinary = (name: string) => join(import.meta.dirname, "node_modules", ".bin", name);

test("this package depends on every public package, so that a change in any of them runs these tests again", () => {
  const { devDependencies }: { devDependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(import.meta.dirname, "package.json"), "utf8"),
  );
  expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(packages.map(({ name }) => name)));
});

describe.each(packages)("$name", ({ name, needs, lowestNode }) => {
  test("needs none of our packages that wants a newer Node", () => {
    const oldest = lowestNode.join(".");
    const newer = packages.filter((used) => needs.includes(used.name) && !atLeast(oldest, used.lowestNode));
    expect(newer.map((used) => used.name)).toEqual([]);
  });

  test("contains its README and licence and neither tests nor sources", async () => {
    const listed = (await output("tar", ["-tzf", tarballOf(name)], root)).trim().split("\n");
    expect(listed).toEqual(expect.arrayContaining(["package/README.md", "package/LICENSE", "package/package.json"]));
    expect(listed.filter((file) => /\.test\.|\/src\/|\.map$/.test(file))).toEqual([]);
  });

  test("gives publint nothing to say", async () => {
    expect(await output(ownBinary("publint"), [tarballOf(name), "--strict"], root)).toContain("All good!");
  });
});

installedTests([ownNode], everyDayPackages);
