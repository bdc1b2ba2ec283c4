// Tests of the search itself, on a toy whose bug is known.
import { describe, expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { explore, type Model, type Move, program, replay } from "./explore.ts";

/** Two who count one number up: each reads it, then writes one more than it read. Not atomic: an update can be lost. */
interface Counter {
  readonly value: number;
  /** What each has read; null before it has, "done" after it wrote. */
  readonly read: readonly (number | null | "done")[];
}

const lostUpdate: Model<Counter> = {
  initial: { value: 0, read: [null, null] },
  moves: ({ value, read }) =>
    read.flatMap((mine, who): Move<Counter>[] => {
      const name = "AB".charAt(who);
      if (mine === "done") return [];
      if (mine === null) return [{ label: `${name}: read ${value}`, next: { value, read: read.with(who, value) } }];
      return [{ label: `${name}: write ${mine + 1}`, next: { value: mine + 1, read: read.with(who, "done") } }];
    }),
  invariant: ({ value, read }) => {
    const done = read.filter((mine) => mine === "done").length;
    return value < done ? `${done} have counted, the number is ${value}` : null;
  },
};

describe("the explorer", () => {
  test("finds a lost update, and its shortest path as a numbered program", () => {
    const { violation } = explore(lostUpdate, 100);
    expect(violation && program(violation)).toMatchInlineSnapshot(`
      "1. A: read 0
      2. B: read 0
      3. A: write 1
      4. B: write 1
      => 2 have counted, the number is 1
      seed 0.1.0.0"
    `);
  });

  test("replays a violation by its seed, move by move", () => {
    const { violation } = explore(lostUpdate, 100);
    const again = replay(lostUpdate, violation?.seed ?? "");
    expect(again.path).toEqual(violation?.path);
    expect(again.message).toBe(violation?.message);
    expect(again.state).toEqual({ value: 1, read: ["done", "done"] });
  });

  test("refuses a seed that names a move the model does not have", () => {
    expect(() => replay(lostUpdate, "0.5")).toThrow("The model has no move 5 after 1 moves.");
  });

  test("visits each state once, however many paths lead there, and counts moves and depth", () => {
    const grid: Model<{ x: number; y: number }> = {
      initial: { x: 0, y: 0 },
      moves: ({ x, y }) => [
        ...(x < 3 ? [{ label: "right", next: { x: x + 1, y } }] : []),
        ...(y < 3 ? [{ label: "up", next: { y: y + 1, x } }] : []),
      ],
      invariant: () => null,
    };
    expect(explore(grid, 16)).toEqual({ states: 16, transitions: 24, depth: 6 });
  });

  test("finds the shortest of several paths to a violation", () => {
    const dial: Model<number> = {
      initial: 0,
      moves: (at) => [1, 2, 5].map((by) => ({ label: `+${by}`, next: (at + by) % 100 })),
      invariant: (at) => (at === 10 ? "ten" : null),
    };
    expect(explore(dial, 100).violation).toEqual({ message: "ten", path: ["+5", "+5"], seed: "2.2" });
  });

  test("finds a violation in the initial state", () => {
    const broken: Model<number> = { initial: 1, moves: () => [], invariant: () => "broken" };
    expect(explore(broken, 1)).toEqual({
      states: 1,
      transitions: 0,
      depth: 0,
      violation: { message: "broken", path: [], seed: "" },
    });
  });

  test("throws rather than call a search complete that was cut short", () => {
    const endless: Model<number> = {
      initial: 0,
      moves: (at) => [{ label: "on", next: at + 1 }],
      invariant: () => null,
    };
    expect(() => explore(endless, 50)).toThrow("More than 50 states");
  });
});

describe("the canonical text of a state", () => {
  test("does not depend on the order of properties, nor on properties that are undefined", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "x" }], a: undefined, e: true })).toBe(
      '{"b":[1,{"c":"x","d":null}],"e":true}',
    );
  });

  test("keeps the order of a list, and reads as the same data", () => {
    const data = { list: [3, 1, { z: '\u2028"', a: [] }], number: 1e21, nothing: null };
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
    expect(JSON.parse(canonicalJson(data))).toEqual(data);
  });
});
