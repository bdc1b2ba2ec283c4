// Options of loadStores from plain JavaScript: each wrong one is refused by name, with nothing of its value.
import { expect, it } from "vitest";
import { expandDocument } from "./expand-document.ts";
import { loadStores } from "./load-stores.ts";

const refused = (message: RegExp) => ({ code: "STORE_CONFIG", message: expect.stringMatching(message) });
const read = () => undefined;

it.each<[string, unknown, RegExp]>([
  ["no object", null, /^The options must be an object/],
  ["text", "hunter2", /^The options must be an object/],
  ["a misspelt option", { Strict: true }, /^Unknown option "Strict"; did you mean "strict"/],
  ["strict as text", { strict: "false" }, /^strict must be true or false/],
  ["strict as a number", { strict: 1 }, /^strict must be true or false/],
  ["strict: null", { strict: null }, /^strict must be true or false/],
  ["env: null", { env: null }, /^env must be an object of texts, or false/],
  ["env as text", { env: "hunter2" }, /^env must be/],
  ["env: true", { env: true }, /^env must be/],
  ["folder as a number", { folder: 5 }, /^folder must be text/],
  ["an empty folder", { folder: "" }, /^folder must be text/],
  ["one provider's name", { providers: "redis" }, /^providers must be a list/],
  ["providers: null", { providers: null }, /^providers must be a list/],
  ["a provider's name in the list", { providers: ["redis"] }, /^providers\[0\] must be a provider/],
  ["a provider that is null", { providers: [{ names: ["a"], read }, null] }, /^providers\[1\] must be a provider/],
  ["a provider without names", { providers: [{ names: [], read }] }, /^providers\[0\] must be a provider/],
  ["a provider with one text as names", { providers: [{ names: "a", read }] }, /^providers\[0\] must be a provider/],
  ["a provider that reads nothing", { providers: [{ names: ["a"] }] }, /^providers\[0\] must be a provider/],
  ["a codec's name", { codec: "hunter2" }, /^codec must have/],
  ["half a codec", { codec: { encode: () => "" } }, /^codec must have/],
  ["onWarning as text", { onWarning: "hunter2" }, /^onWarning must be a function/],
  ["onFallback: null", { onFallback: null }, /^onFallback must be a function/],
])("refuses %s", async (_, options, message) => {
  await expect(Reflect.apply(loadStores, undefined, [{ stores: {} }, options])).rejects.toMatchObject(refused(message));
});

it("counts undefined as left out", async () => {
  const options = { strict: undefined, env: undefined, folder: undefined, providers: undefined, codec: undefined };
  const stores = await loadStores({ stores: {} }, { ...options, onWarning: undefined, onFallback: undefined });
  await stores.close();
});

it.each([5, null, { password: "hunter2" }])("refuses a variable that is no text: %j", async (value) => {
  const loading = Reflect.apply(loadStores, undefined, [
    { stores: { keySecret: `\${SECRET:-a default}` } },
    { env: { SECRET: value } },
  ]);
  await expect(loading).rejects.toMatchObject(refused(/stores\.keySecret: the variable SECRET is no text/));
  await expect(loading).rejects.not.toThrow("hunter2");
});

it("refuses wrong options of expandDocument", () => {
  const expand = (options: unknown) => () => Reflect.apply(expandDocument, undefined, [{ a: `\${A}` }, options]);
  expect(expand({ env: null })).toThrow(expect.objectContaining(refused(/^env must be an object of texts/)));
  expect(expand({ enw: {} })).toThrow(expect.objectContaining(refused(/^Unknown option "enw"; did you mean "env"/)));
  expect(expand(null)).toThrow(expect.objectContaining(refused(/^The options must be an object/)));
});
