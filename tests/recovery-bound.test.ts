// The time to recover that the tests of faults hold is the one that READMEs and docs/faults.md promise.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { boundSentence } from "./faults/bounds.ts";
import { root, workspacePackages } from "./workspace.ts";

const oneLine = (text: string) => text.replace(/\s+/g, " ");
const read = (file: string) => oneLine(readFileSync(join(root, file), "utf8"));

describe("the bound of the time to recover", () => {
  it("is in docs/faults.md", () => {
    expect(read("docs/faults.md")).toContain(boundSentence);
  });

  it("is the same in every README that names one", () => {
    const readmes = ["README.md", ...workspacePackages().map(({ folder }) => `${folder}/README.md`)];
    const wrong = readmes
      .filter((file) => existsSync(join(root, file)) && read(file).includes("succeed again within"))
      .filter((file) => !read(file).includes(boundSentence));
    expect(wrong).toEqual([]);
  });
});
