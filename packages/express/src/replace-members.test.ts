// Members that are replaced several times, and put back in any order.
import { expect, test } from "vitest";
import { member, replaceMembers } from "./replace-members.ts";

test("what an earlier replacement puts back takes later ones away with it", () => {
  const target: Record<string, unknown> = { a: "own" };
  const first = replaceMembers(target, { a: member("first") });
  const second = replaceMembers(target, { a: member("second"), b: member("second") });
  expect(first()).toBe(true);
  expect(target).toEqual({ a: "own" });
  expect([second(), first()]).toEqual([false, false]);
  expect(target).toEqual({ a: "own" });
});

test("a later replacement puts back what an earlier one had put there", () => {
  const target: Record<string, unknown> = {};
  const first = replaceMembers(target, { a: member("first") });
  const second = replaceMembers(target, { a: member("second") });
  expect([second(), target.a, first(), Object.keys(target)]).toEqual([true, "first", true, []]);
});
