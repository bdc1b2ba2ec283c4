// Payments in doubt, counted in a store that says what the test says.
import type { Unresolved } from "@tollbooth-stores/core";
import { expect, test } from "vitest";
import { followDoubts } from "./doubts.ts";

const never = new AbortController().signal;
const open = (kind: Unresolved["kind"]): Unresolved => ({ handle: "h", kind, attempt: 1, fingerprint: "f", atMs: 0 });

/** A store that lists one thing after the other, and the last one for ever; undefined: it is away. */
function listing(...lists: (Unresolved["kind"][] | undefined)[]) {
  let asked = 0;
  return {
    async *unresolved() {
      const list = lists[Math.min(asked, lists.length - 1)];
      asked += 1;
      if (list === undefined) throw new Error("away");
      for (const kind of list) yield open(kind);
    },
  };
}

test("the most at once, and none in the end; what is owed is another matter", async () => {
  const watch = followDoubts(listing(["owed"], ["in-doubt", "owed", "in-doubt"], undefined, ["in-doubt"], ["held"]), 1);
  expect(await watch.settled(never)).toEqual({ most: 2, atEnd: 0 });
  await watch.stop();
});

test("what stays in doubt is told when the patience is over", async () => {
  const watch = followDoubts(listing(["in-doubt", "in-doubt"], ["in-doubt"]), 1);
  expect(await watch.settled(never, 50)).toEqual({ most: 2, atEnd: 1 });
  await watch.stop();
});

test("a look that is older than the question is not the answer", async () => {
  const watch = followDoubts(listing([], [], ["in-doubt"], ["in-doubt"], []), 1);
  expect(await watch.settled(never)).toMatchObject({ atEnd: 0 });
  await watch.stop();
});
