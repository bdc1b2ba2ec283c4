// Golden messages: what an operator reads when a configuration is wrong, word for word.
import { isStoreError } from "@tollbooth-stores/core";
import { expect, it } from "vitest";
import { loadStores } from "./load-stores.ts";

async function refusal(source: unknown): Promise<string> {
  const error: unknown = await loadStores(source, { env: { HOLLOW: "", WORD: "x" } }).then(
    () => new Error("It loaded."),
    (thrown: unknown) => thrown,
  );
  if (!isStoreError(error, "STORE_CONFIG")) throw error;
  return error.message;
}

/** The lines of problems in a document's text. */
async function problems(text: string): Promise<string[]> {
  const [head, ...lines] = (await refusal(`${text}\n`)).split("\n");
  const count = lines.length === 1 ? "a problem" : `${lines.length} problems`;
  expect(head).toBe(`The store configuration text has ${count}:`);
  return lines.map((line) => line.replace(/^- /, ""));
}

it("tells every problem at once, with its path and a suggestion", async () => {
  const text = `stores:
  provider: memroy
  keyPrefx: x
  instances: some
  memory:
    maxEntrys: 5
  rateLimits:
    provider: memory
    ttlSeconds: 0
    maxEntries: -1
    maxValueBytes: 10
  sessions:
    provider: \${NOT_SET}
    ttlJitter: 0.6
  verificationCashe: {}
`;
  expect(await refusal(text)).toMatchInlineSnapshot(`
    "The store configuration text has 10 problems:
    - stores.instances: must be a whole number from 1 to 1000000
    - stores.rateLimits.ttlSeconds: must be whole seconds, 1 or more, or text such as "90s", "15m" or "12h"
    - stores.sessions.provider: the variable NOT_SET is not set; set it, or write \${NOT_SET:-default}
    - stores.sessions.ttlJitter: must be a number from 0 to 0.5
    - stores.provider: unknown provider; did you mean "memory"? (known: ioredis, keyv, memory, redis)
    - stores.rateLimits.maxEntries: must be a whole number from 1 to 10000000
    - stores: unknown key "keyPrefx"; did you mean "keyPrefix"?
    - stores: unknown key "verificationCashe"; did you mean "verificationCache"?
    - stores.rateLimits: unknown key "maxValueBytes"; it belongs in stores
    - stores.memory: unknown key "maxEntrys"; did you mean "maxEntries"?"
  `);
});

it.each([
  ["stores:\n  provider: redis\n  redis: { url: x }"],
  ["stores:\n  provider: node-redis"],
  ["stores:\n  sessions: { provider: ioredis, url: x }"],
  ["stores:\n  provider: keyv"],
  ["stores:\n  provider: keyv\n  keyv: { shared: true }\n  instances: 2"],
  ["stores:\n  provider: ioredis\n  redis: { url: x }"],
  ["stores:\n  provider: postgres"],
  ["stores:\n  provider: Redis"],
  ["stores:\n  provider: 5"],
  ["stores:\n  provider: [redis]"],
  ["stores:\n  provider:"],
  ["stores:\n  redis: { url: x }"],
  ["stores:\n  memory: {}\n  redis: { url: x }"],
])("providers: %j", async (text) => {
  expect(await problems(text)).toMatchSnapshot();
});

it.each([
  ["stores: 5"],
  ["stores:"],
  ["stores: [memory]"],
  ["stores:\n  memory: 5"],
  ["stores:\n  sessions:"],
  ["stores:\n  ttlSeconds: 60"],
  ["stores:\n  maxEntries: 60"],
  ["stores:\n  memory: { ttlSeconds: 60 }"],
  ["stores:\n  sessions: { memory: { maxEntries: 5 } }"],
  ["stores:\n  sessions: { instances: 5 }"],
  ["stores:\n  verifications: {}\n  verificationCache: {}"],
  ["stores:\n  verification: { ttlSeconds: 5 }"],
  ["stores:\n  __proto__: { provider: redis }"],
  ["stores:\n  constructor: 1"],
  ["stores:\n  redis://user:hunter2@host: 1"],
  ["stores:\n  hunter2: 1"],
  ["stores:\n  completelyDifferent: 1"],
])("keys: %j", async (text) => {
  expect(await problems(text)).toMatchSnapshot();
});

it.each([
  ["stores:\n  keyPrefix: a b"],
  ["stores:\n  sessions: { keyPrefix: 'a{b}' }"],
  ["stores:\n  keyPrefix: ''"],
  ["stores:\n  keyPrefix: 123"],
  ["stores:\n  keySecret: [hunter2, '']"],
  ["stores:\n  keySecret: 12345678"],
  ["stores:\n  keySecret: []"],
  ["stores:\n  keySecret: [long-enough, 5, hunter2]"],
  [`stores:\n  keySecret: \${HOLLOW}`],
  [`stores:\n  keySecret: \${SECRET} \${OTHER}`],
  [`stores:\n  keySecret: 'a\${b'`],
  ["stores:\n  memory: { maxEntries: 1.5 }"],
  [`stores:\n  memory: { maxEntries: '\${WORD}' }`],
  ["stores:\n  memory: { maxEntries: 99999999 }"],
  ["stores:\n  memory: { maxEntries: }"],
  ["stores:\n  memory: { maxEntries: .nan }"],
  ["stores:\n  ttlJitter: lots"],
  ["stores:\n  allowUnshared: yes"],
  ["stores:\n  sessions: { maxValueBytes: 0 }"],
  ["stores:\n  sessions: { ttlSeconds: 1.5 }"],
  ["stores:\n  sessions: { ttlSeconds: 15 minutes }"],
  ["stores:\n  sessions: { ttlSeconds: true }"],
  ["stores:\n  sessions: { ttlSeconds: 99999999999 }"],
  ["stores:\n  instances: 2"],
  ["stores:\n  instances: 3\n  allowUnshared: false"],
])("values: %j", async (text) => {
  expect(await problems(text)).toMatchSnapshot();
});

it.each([
  ["a: 1\nstores: {}\nstores: {}\n"],
  ["stores:\n\tprovider: memory\n"],
  ["stores: {\n"],
  ["stores:\n  keySecret: 'hunter2\n"],
  ["stores:\n  keySecret: !vault hunter2\n"],
  ["stores: *missing\n"],
  ["stores: {}\n---\nstores: {}\n"],
  [`stores:\n  memory: { maxEntries: \${MAX:-5} }\n`],
  ["%YAML 3.0\n---\nstores: {}\n"],
  ["just text\n"],
  ["- a\n- b\n"],
  ["\n"],
  ["provider: memory\n"],
  ["store: {}\n"],
  ["port: 80\n"],
])("documents: %j", async (text) => {
  expect(await refusal(text)).toMatchSnapshot();
});

it.each([
  ["not-there.yaml"],
  ["not\0there"],
  ["stores: {}"],
  ['{"stores":{}}'],
  ["redis://u:hunter2@h"],
  ["stores:"],
  [""],
])("strings that are no text: %j", async (source) => {
  expect(await refusal(source)).toMatchSnapshot();
});

it.each([[undefined], [null], [5], [[]], [new Map()], [new URL("file:///x")], [() => ({})]])(
  "what is no source: %s",
  async (source) => {
    expect(await refusal(source)).toBe('The store configuration must be a mapping with the key "stores".');
  },
);

it.each([
  ["stores:\n  <<: &base { provider: memory }", "stores: merge keys (<<) are not supported; write the keys out"],
  [
    "stores:\n  memory: { <<: { maxEntries: 5 } }",
    "stores.memory: merge keys (<<) are not supported; write the keys out",
  ],
])("merge keys: %j", async (text, told) => {
  expect(await problems(text)).toEqual([told]);
});

it("tells of merge keys at the top of a document where stores is missing", async () => {
  expect(await refusal("<<: { stores: {} }\n")).toMatch(/no key "stores"; merge keys \(<<\) are not supported/);
});

it.each([
  ["provider", " memory", "unknown provider", "spaces or line breaks around its value"],
  ["provider", '"memory"', "unknown provider", "quotes around its value"],
  ["instances", "\uFEFF1", "must be a whole number", "byte order mark"],
])("says what is wrong with a variable's value: %s %j", async (key, value, problem, oddity) => {
  const loading = loadStores({ stores: { [key]: `\${V}` } }, { env: { V: value } });
  const told = new RegExp(`stores\\.${key}: ${problem}.*; the variable V .*${oddity}`);
  await expect(loading).rejects.toThrow(told);
});

it.each([
  ["url", `\${HOLLOW}`, "must be text that is not empty"],
  ["url", `\${HOLLOW:-}`, "must be text that is not empty"],
  ["url", `\${NOT_SET:-}`, "must be text that is not empty"],
  ["url", `redis://\${HOLLOW}:6379`, "must be redis://host:6379.*"],
  ["host", `\${HOLLOW}`, "must be text that is not empty"],
  ["port", `\${HOLLOW}`, "must be a whole number from 1 to 65535"],
])("names the variable that is empty: %s %j", async (key, value, problem) => {
  const source = { stores: { provider: "redis", redis: { host: key === "port" ? "a" : undefined, [key]: value } } };
  const name = value.includes("NOT_SET") ? "NOT_SET" : "HOLLOW";
  expect(await refusal(source)).toMatch(
    new RegExp(`\\n- stores\\.redis\\.${key}: ${problem}; the variable ${name} is empty or not set$`),
  );
});

it("says nothing of a variable that is empty where that is no problem", async () => {
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const source = { stores: { keySecret: `long-and-random\${HOLLOW}` } };
  await (await loadStores(source, { env: { HOLLOW: "" }, onWarning })).close();
  expect(warnings).toEqual([]);
});

it("warns of an odd value that is accepted", async () => {
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const source = { stores: { keySecret: `\${V}` } };
  await (await loadStores(source, { env: { V: " hunter2hunter2 " }, onWarning })).close();
  const oddity = "the variable V has spaces or line breaks around its value; remove them";
  expect(warnings).toEqual([`stores.keySecret: ${oddity}`]);
});

it("tells fifty problems and counts the rest", async () => {
  const names = Array.from({ length: 60 }, (_, index) => [`unknown-${"x".repeat(index + 1)}`, 1]);
  const lines = (
    await refusal({
      stores: { ...Object.fromEntries(names.slice(0, 30)), sessions: Object.fromEntries(names.slice(0, 25)) },
    })
  ).split("\n");
  expect(lines).toHaveLength(52);
  expect(lines[0]).toBe("The store configuration has 55 problems:");
  expect(lines.at(-1)).toBe("- and 5 more");
});

it.each([
  ["stores:\n  redis: x\n    url: y", "lines 2 to 3: these belong together as they stand"],
  ["stores:\n  provider: redis\n  strict true\n  redis: {}", "lines 3 to 4: these belong together as they stand"],
  ["stores:\n  redis:\n    url: redis://a: b", "line 3, column 10: a value with a colon and a space in it"],
  ["stores:\n  rateLimits: onUnavailable: deny", "line 2, column 15: a value with a colon and a space in it"],
])("says in plain words, once, and at its lines what is wrong with %j", async (text, words) => {
  const [, ...told] = (await refusal(`${text}\n`)).split("\n");
  expect(told).toEqual([expect.stringContaining(`- ${words}`)]);
});

it("refuses documents made to exhaust the reader, at once", async () => {
  const laughs = [..."abcdefghi"].map((name, index) => {
    const previous = "abcdefghi"[index - 1];
    return `${name}: &${name} [${Array(9).fill(previous === undefined ? "ha" : `*${previous}`)}]`;
  });
  const texts = [
    laughs.join("\n"),
    "[".repeat(300_000),
    "{a: ".repeat(20_000),
    "- ".repeat(20_000),
    "? ".repeat(20_000),
  ];
  const messages: string[] = [];
  for (const text of texts) messages.push(await refusal(`${text}\n`));
  expect(messages.map((message) => message.slice(0, 90))).toMatchSnapshot();
});

it.each([
  ["stores:\n  store: memory", 'stores: unknown key "store"; did you mean "provider"?'],
  ["stores:\n  sessions: { store: redis }", 'stores.sessions: unknown key "store"; did you mean "provider"?'],
  [
    "stores:\n  provider: redis\n  redis: { host: a.test, store: redis }",
    'stores.redis: unknown key "store"; provider belongs in stores or in a store\'s block',
  ],
])("names the key that store: means, wherever it stands: %j", async (text, problem) => {
  expect(await problems(text)).toEqual([problem]);
});
