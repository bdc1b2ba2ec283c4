// Variables in scalars.
import { expect, it } from "vitest";
import { expandVariables } from "./expand-variables.ts";

const environment = { A: "1", EMPTY: "", NESTED: `\${A}`, HARD: `p#a:s'"s {x} \\ \n` };

it.each([
  ["plain $ and { } stay", "plain $ and { } stay"],
  [`\${A}`, "1"],
  [`x\${A}y\${A}z`, "x1y1z"],
  [`\${A:-2}`, "1"],
  [`\${MISSING:-2}`, "2"],
  [`\${EMPTY:-2}`, "2"],
  [`\${MISSING:-redis://localhost:6379}`, "redis://localhost:6379"],
  [`\${NESTED}`, `\${A}`],
  ["$$", "$$"],
])("expands %j to %j", (text, expanded) => {
  expect(expandVariables(text, environment)).toMatchObject({ text: expanded });
});

it.each([
  [`\${EMPTY}`, "", ["EMPTY"]],
  [`\${EMPTY:-}`, "", ["EMPTY"]],
  [`\${MISSING:-}`, "", ["MISSING"]],
  [`redis://\${EMPTY}:\${A}`, "redis://:1", ["EMPTY"]],
])("expands %j to %j, and names the empty variables", (text, expanded, empty) => {
  expect(expandVariables(text, environment)).toEqual({ text: expanded, empty });
});

it("keeps every character of a value", () => {
  expect(expandVariables(`\${HARD}`, environment)).toMatchObject({ text: environment.HARD });
});

it.each(["MISSING", "constructor", "__proto__", "toString"])("names %s where it is not set", (name) => {
  expect(expandVariables(`a\${${name}}b`, environment)).toEqual({
    problems: [`the variable ${name} is not set; set it, or write \${${name}:-default}`],
  });
});

it.each([`\${`, `\${}`, `\${A`, `\${1A}`, `\${A-2}`, `\${A B}`, `\${A:-\${B}}`, `\${ A }`])("refuses %j", (text) => {
  const answer = expandVariables(text, environment);
  expect(answer).toEqual({ problems: [expect.stringContaining(`neither \${NAME} nor \${NAME:-default}`)] });
});

it("names every variable that is missing", () => {
  const answer = expandVariables(`\${ONE}\${A}\${TWO}`, environment);
  expect(answer).toEqual({ problems: [expect.stringContaining("ONE"), expect.stringContaining("TWO")] });
});

it.each(["$REDIS_URL", "$_X"])("refuses %j, a variable without braces", (text) => {
  const answer = expandVariables(text, environment);
  expect(answer).toEqual({ problems: [expect.stringContaining(`write \${${text.slice(1)}}, or put`)] });
});

it.each(["$A", "a$REDIS_URL", "$REDIS_URL/0", "$ecret", "$REDIS-URL"])("a dollar sign in %j stays", (text) => {
  expect(expandVariables(text, environment)).toEqual({ text });
});

it.each([
  [" hunter2", "spaces or line breaks around"],
  ["hunter2\n", "spaces or line breaks around"],
  ["\uFEFFhunter2", "byte order mark"],
  ['"hunter2"', "quotes around"],
  ["'hunter2'", "quotes around"],
])("keeps %j and says what is odd about it, without the value", (value, oddity) => {
  for (const text of [`\${V}`, `\${V:-x}`]) {
    const answer = expandVariables(text, { V: value });
    expect(answer).toEqual({ text: value, oddities: [expect.stringContaining(oddity)] });
    expect("oddities" in answer && answer.oddities?.join()).not.toContain("hunter2");
  }
});

it.each(["a b", '"', `"a'`])("finds nothing odd about %j", (value) => {
  expect(expandVariables(`\${V}`, { V: value })).toEqual({ text: value });
});
