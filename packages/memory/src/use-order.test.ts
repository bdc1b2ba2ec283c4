// The order of use, beside a plain array.
import fc from "fast-check";
import { expect, it } from "vitest";
import { forget, type Listed, use, useOrder } from "./use-order.ts";

interface Member extends Listed<Member> {
  name: number;
}

it("is that of an array in which a used member moves to the end, read from either side", () => {
  const moves = fc.array(fc.record({ member: fc.nat(5), leaves: fc.boolean() }), { maxLength: 40 });
  fc.assert(
    fc.property(moves, (all) => {
      const order = useOrder<Member>();
      const links = Array.from(
        { length: 6 },
        (_, name): Member => ({ name, listed: false, older: undefined, newer: undefined }),
      );
      let expected: number[] = [];
      for (const { member, leaves } of all) {
        const link = links[member];
        if (link === undefined) throw new Error("no such member");
        expected = expected.filter((other) => other !== member);
        if (leaves) forget(order, link);
        else {
          use(order, link);
          expected.push(member);
        }
        const read = (first: Member | undefined, next: "older" | "newer") => {
          const members: number[] = [];
          for (let at = first; at !== undefined; at = at[next]) members.push(at.name);
          return members;
        };
        expect(read(order.oldest, "newer")).toEqual(expected);
        expect(read(order.newest, "older")).toEqual(expected.toReversed());
        expect(links.filter(({ listed }) => listed).map(({ name }) => name)).toEqual(expected.toSorted());
      }
    }),
  );
});
