// The pages about the repository name no file that does not exist, and the map of its folders has them all. Decisions (docs/adr) may
// name others: they tell of their time.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, root, workspaceFolders } from "../scripts/workspace-folders.mjs";

const files = filesBelow(".");
const exists = (name: string) => files.some((file) => `/${file}`.endsWith(`/${name}`));
const pages = files.filter((file) => file.endsWith(".md") && !/^(docs\/adr|\.changeset)\//.test(file));

/** E.g. "scripts/test.mjs" and "claim.ts" in `code`; patterns such as "*.test.ts" name no file. */
function namedFiles(text: string): string[] {
  return [...text.matchAll(/`([\w./-]+\.(?:[cm]?[jt]sx?|lua|yaml))`/g)].map(([, name = ""]) => name);
}

/** Packages that the page's programs import, and none of its install lines has. */
function notInstalled(page: string): string[] {
  const programs = [...page.matchAll(/^ *```ts\n(.*?)^ *```/gms)].map(([, code = ""]) => code).join("\n");
  const imported = [...programs.matchAll(/ from "((?:@[\w-]+\/)?[\w.-]+)(?!:)[/"]/g)].map(([, name = ""]) => name);
  const installed = [...page.matchAll(/(?:^|`)npm install ([^\n`]*)/gm)].flatMap(([, names = ""]) =>
    names.split(" ").map((name) => name.replace(/(?<=.)@.*$/, "")),
  );
  return [...new Set(imported)].filter((name) => !installed.includes(name) && !name.startsWith("node"));
}

describe("pages", () => {
  it.each(pages)("%s names files that exist", (page) => {
    const missing = namedFiles(readFileSync(join(root, page), "utf8")).filter(
      (name) => !exists(name) && !existsSync(join(root, dirname(page), name)),
    );
    expect(missing).toEqual([]);
  });

  it.each(files.filter((file) => file.endsWith(".md")))("%s links to files that exist", (page) => {
    const text = readFileSync(join(root, page), "utf8").replace(/^```.*?^```/gms, "");
    const missing = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].filter(
      ([, target = ""]) => !existsSync(join(root, dirname(page), target)),
    );
    expect(missing.map(([, target]) => target)).toEqual([]);
  });

  it.each(pages)("%s shows no sessions without saying which of the store's count there", (page) => {
    const programs = readFileSync(join(root, page), "utf8").matchAll(/^```ts\n(.*?)^```/gms);
    const using = [...programs].filter(([code]) => /\b(session|sellSession|sessionReader)(<\w+>)?\(/.test(code));
    // Programs of one page are put together by who copies them: a free login would open what another one sells.
    expect(using.filter(([code]) => !code.includes("opens:"))).toEqual([]);
  });

  it.each(pages.filter((page) => /^packages\/\w+\/README\.md$/.test(page)))(
    "%s installs all that its programs import",
    (page) => {
      expect(notInstalled(readFileSync(join(root, page), "utf8"))).toEqual([]);
    },
  );

  it("have a package that is imported and not installed found", () => {
    const program = '```ts\nimport a from "@x/a/sub";\nimport b from "b";\nimport fs from "node:fs";\n```\n';
    expect(notInstalled(`\`\`\`sh\nnpm install b@1\n\`\`\`\n${program}`)).toEqual(["@x/a"]);
  });

  it("have the files that they name found", () => {
    expect(namedFiles("`claim.ts`, `a/b.mjs`, not `*.test.ts` nor `a.b`, claim.ts")).toEqual(["claim.ts", "a/b.mjs"]);
  });
});

/** The folders in the first column of CONTRIBUTING.md's table. */
function mappedFolders(page: string): string[] {
  const [, rows = ""] = /^\| folder \| holds \|\n(.*?)\n\n/ms.exec(page) ?? [];
  return rows
    .split("\n")
    .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
}

describe("the map in CONTRIBUTING.md", () => {
  const mapped = mappedFolders(readFileSync(join(root, "CONTRIBUTING.md"), "utf8"));

  it("has a row for each package of the workspace", () => {
    const isMapped = (folder: string) => mapped.some((known) => `${folder}/`.startsWith(`${known}/`));
    expect(workspaceFolders().filter((folder) => !isMapped(folder))).toEqual([]);
  });

  it("has no folder that does not exist, and none twice", () => {
    expect(mapped.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
    expect(mapped).toEqual([...new Set(mapped)]);
  });
});
