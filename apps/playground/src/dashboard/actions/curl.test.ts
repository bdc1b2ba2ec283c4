// Commands that a shell reads as they were meant.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { curlOf } from "./curl.ts";

/** The words that a POSIX shell makes of a command. */
const wordsOf = (command: string): string[] =>
  execFileSync("sh", ["-c", `printf '%s\\n' ${command}`], { encoding: "utf8" })
    .trimEnd()
    .split("\n");

test("a plain request is short", () => {
  expect(curlOf("http://127.0.0.1:4021", { method: "GET", path: "/quote" })).toBe(
    "curl -i http://127.0.0.1:4021/quote",
  );
});

test("method, headers and body arrive as they are, whatever is in them", () => {
  const nasty = 'it\'s $HOME `id` "quoted" \\ & ; |';
  const command = curlOf("http://127.0.0.1:4021", {
    method: "POST",
    path: "/search?a=1&b=$(id)",
    headers: { "x-note": nasty },
    body: JSON.stringify({ nasty }),
  });
  expect(wordsOf(command)).toEqual([
    "curl",
    "-i",
    "-X",
    "POST",
    "http://127.0.0.1:4021/search?a=1&b=$(id)",
    "-H",
    `x-note: ${nasty}`,
    "-d",
    JSON.stringify({ nasty }),
  ]);
});
