// Variables in an application's own part of a document.
import { expect, it } from "vitest";
import { expandDocument } from "./expand-document.ts";

it("expands every text, keeps everything else, and changes nothing of what it was given", () => {
  const document = { port: `\${PORT:-80}`, list: [{ url: `http://\${HOST}/` }, 7, null, true], nested: { a: "plain" } };
  const copy = structuredClone(document);
  expect(expandDocument(document, { env: { HOST: "h" } })).toEqual({
    port: "80",
    list: [{ url: "http://h/" }, 7, null, true],
    nested: { a: "plain" },
  });
  expect(document).toEqual(copy);
});

it("tells every problem by its path, and no value", () => {
  const expandBad = () =>
    expandDocument({ a: [`\${ONE}`], b: { c: `\${secret` } }, { env: {}, origin: "The file x.yaml" });
  expect(expandBad).toThrow(
    expect.objectContaining({
      code: "STORE_CONFIG",
      message: expect.stringMatching(
        /^The file x\.yaml has 2 problem\(s\):\n- a\[0\]: the variable ONE is not set.*\n- b\.c: /,
      ),
    }),
  );
  expect(expandBad).not.toThrow(/secret/);
});

it("does not expand what a variable holds, and keeps a key named __proto__ a key", () => {
  const value = JSON.parse(`{ "__proto__": "\${A}" }`);
  const expanded = expandDocument(value, { env: { A: `\${B}` } });
  expect(JSON.stringify(expanded)).toBe(`{"__proto__":"\${B}"}`);
});
