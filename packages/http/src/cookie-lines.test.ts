// Which Set-Cookie lines are left where several write one cookie.
import { expect, test } from "vitest";
import { addCookies } from "./cookie-lines.ts";

test.each([
  ["a=1; Path=/", "a=2; Path=/; Secure"],
  ["a=1; path=/; HttpOnly", "a=; Path=/; Max-Age=0"],
  ["a=1;Domain=.Example.com", "a=2; domain=example.com"],
  ["a = 1", "a=2"],
  ["a=1; Path=/old; Path=/", "a=2; Path=/"],
])("%s is left out before %s, which sets the same cookie", (earlier, later) => {
  expect(addCookies(["b=1", earlier], [later])).toEqual(["b=1", later]);
});

test.each([
  ["a=1; Path=/", "A=2; Path=/"],
  ["a=1; Path=/old; Max-Age=0", "a=2; Path=/"],
  ["a=1; Domain=example.com", "a=2"],
  ["a=b; Path=/", "ab=; Path=/"],
])("%s stays before %s, which sets another cookie", (earlier, later) => {
  expect(addCookies([earlier], [later])).toEqual([earlier, later]);
});

test("lines that were added together stay as they were made", () => {
  expect(addCookies([], ["a=1", "a=2"])).toEqual(["a=1", "a=2"]);
});
