// When payments in doubt are worth a warning.
import { expect, it } from "vitest";
import { doubt } from "./doubt.ts";

const none = { inDoubt: 0, owed: 0, oldestMs: 0, unreadable: 0 };

it.each([
  ["a record that cannot be read", { ...none, unreadable: 1 }, "error", "unreadable", /cannot be read: 1/],
  ["none", none, "ok", undefined, /^No payment is in doubt or owed under the prefix shop:verify\.$/],
  [
    "one in doubt, that may be under way",
    { ...none, inDoubt: 1, oldestMs: 599_999 },
    "ok",
    undefined,
    /in doubt: 1; owed.*: 0; the oldest/,
  ],
  [
    "one in doubt for 10 minutes",
    { ...none, inDoubt: 1, oldestMs: 600_000 },
    "warning",
    "in-doubt",
    /for 10 minutes\. Money may have moved/,
  ],
  [
    "one owed for an hour",
    { ...none, owed: 1, oldestMs: 3_600_000 },
    "warning",
    "in-doubt",
    /in doubt: 0; owed to their payers: 1;.*Money may/,
  ],
] as const)("%s", (_, counts, level, topic, message) => {
  const found = doubt(counts, "shop:verify");
  expect(found).toMatchObject({ level, message: expect.stringMatching(message) });
  expect(found.topic).toBe(topic);
  expect(found.mend === undefined).toBe(level === "ok");
});
