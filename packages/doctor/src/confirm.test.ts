// What counts as a yes.
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { confirmed } from "./confirm.ts";

async function answered(typed: string, end = true): Promise<[boolean, string]> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const asked = confirmed({ input, output, text: "Record this? [y/N] " });
  if (end) input.end(typed);
  else input.write(typed);
  return [await asked, String(output.read())];
}

it.each([
  ["y\n", true],
  [" YES \n", true],
  ["yes", true],
  ["\n", false],
  ["n\ny\n", false],
  ["yesterday\n", false],
  ["", false],
])("%j is a yes: %s", async (typed, isYes) => {
  expect(await answered(typed)).toEqual([isYes, "Record this? [y/N] "]);
});

it("an answer ends the question, though the terminal stays open", async () => {
  expect(await answered("y\n", false)).toEqual([true, "Record this? [y/N] "]);
});
