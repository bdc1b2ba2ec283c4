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
  [`\${MISSING:-}`, ""],
  [`\${EMPTY}`, ""],
  [`\${EMPTY:-2}`, "2"],
  [`\${MISSING:-redis://localhost:6379}`, "redis://localhost:6379"],
  [`\${HARD}`, environment.HARD],
  [`\${NESTED}`, `\${A}`],
  ["$$", "$$"],
])("expands %j to %j", (text, expanded) => {
  expect(expandVariables(text, environment)).toEqual({ text: expanded });
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
