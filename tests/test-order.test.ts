// The order of `npm test`: nothing is left out by it, and no core idles while there is something to begin.
import { describe, expect, it } from "vitest";
import { testHashes } from "../scripts/test-hashes.mjs";
import { inOrder, longestFirst, testOrder } from "../scripts/test-order.mjs";
import { testedFolders } from "../scripts/workspace-folders.mjs";

describe("the order of npm test", () => {
  it("has every tested folder once, the longest first", () => {
    expect(testOrder().toSorted()).toEqual(testedFolders().toSorted());
    expect(testOrder().slice(0, longestFirst.length)).toEqual(longestFirst);
  });

  it("begins the next as soon as one ends, and gives the results in the order asked for", async () => {
    const ends = new Map<string, (result: string) => void>();
    const all = inOrder(["a", "b", "c"], 2, (name) => new Promise<string>((resolve) => ends.set(name, resolve)));
    expect([...ends.keys()]).toEqual(["a", "b"]);
    ends.get("b")?.("b's");
    await expect.poll(() => [...ends.keys()]).toEqual(["a", "b", "c"]);
    ends.get("c")?.("c's");
    ends.get("a")?.("a's");
    expect(await all).toEqual(["a's", "b's", "c's"]);
  });
});

describe("turbo's cache of tests", () => {
  it("is told of every build that a folder's tests are on, which --only leaves out", () => {
    const folders = testedFolders().filter((folder) => folder !== "tests");
    const [one, other] = ["one", "other"].map((TOLLBOOTH_TEST_HASH) =>
      testHashes({ ...process.env, TOLLBOOTH_TEST_HASH }),
    );
    expect(folders.filter((folder) => one?.get(folder) === undefined)).toEqual([]);
    expect(folders.filter((folder) => one?.get(folder) === other?.get(folder))).toEqual([]);
  });
});
