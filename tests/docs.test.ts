// The pages about the repository name no file that does not exist. Decisions (docs/adr) may: they tell of their time.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, root } from "../scripts/workspace-folders.mjs";

const files = filesBelow(".");
const exists = (name: string) => files.some((file) => `/${file}`.endsWith(`/${name}`));
const pages = files.filter((file) => file.endsWith(".md") && !/^(docs\/adr|\.changeset)\//.test(file));

/** E.g. "scripts/test.mjs" and "claim.ts" in `code`; patterns such as "*.test.ts" name no file. */
function namedFiles(text: string): string[] {
  return [...text.matchAll(/`([\w./-]+\.(?:[cm]?[jt]sx?|lua|yaml))`/g)].map(([, name = ""]) => name);
}

describe("pages", () => {
  it.each(pages)("%s names files that exist", (page) => {
    const missing = namedFiles(readFileSync(join(root, page), "utf8")).filter(
      (name) => !exists(name) && !existsSync(join(root, dirname(page), name)),
    );
    expect(missing).toEqual([]);
  });

  it("have the files that they name found", () => {
    expect(namedFiles("`claim.ts`, `a/b.mjs`, not `*.test.ts` nor `a.b`, claim.ts")).toEqual(["claim.ts", "a/b.mjs"]);
  });
});
