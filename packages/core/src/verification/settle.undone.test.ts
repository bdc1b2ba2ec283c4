// Tests of deliveries that deliver nothing any more: taken back, or second to another.
import { expect, test } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import { deliver, settle, undeliver } from "./settle.ts";
import { readBody, type Transition } from "./verification-record.ts";

function payment() {
  let record: StoredRecord | null = null;
  const run = <R>(transition: (record: StoredRecord | null) => Transition<R>): R => {
    const { write, reply } = transition(record);
    if (write !== undefined) record = write;
    return reply;
  };
  run((before) => settle(before, 0, { receipt: "receipt" }));
  return {
    deliver: (token: string) => run((before) => deliver(before, 0, { token })).status,
    settle: (token: string) => run((before) => settle(before, 0, { receipt: "receipt", deliver: { token } })).status,
    undeliver: (token: string) => run((before) => undeliver(before, 0, token)).status,
    undone: () => readBody(record)?.payment?.undone,
  };
}

test("late copies of all deliveries that were taken back deliver nothing", () => {
  const owed = payment();
  for (const token of ["a", "b"]) {
    expect(owed.deliver(token)).toBe("delivered");
    expect(owed.undeliver(token)).toBe("ok");
  }
  for (const token of ["a", "b"]) {
    expect(owed.deliver(token)).toBe("settled");
    expect(owed.settle(token)).toBe("settled");
  }
  expect(owed.deliver("c")).toBe("delivered");
});

test("a late copy of a delivery that came second to one that was taken back since delivers nothing", () => {
  for (const again of ["deliver", "settle"] as const) {
    const owed = payment();
    owed.deliver("first");
    expect(owed[again]("second")).toBe("delivered");
    owed.undeliver("first");
    expect(owed[again]("second")).toBe("settled");
  }
});

test("a late copy of a delivery that was taken back while another's stood delivers nothing", () => {
  for (const late of ["deliver", "settle"] as const) {
    const owed = payment();
    owed.deliver("other");
    expect(owed.undeliver("own")).toBe("lost");
    owed.undeliver("other");
    expect(owed[late]("own")).toBe("settled");
  }
});

test("the latest sixteen are remembered, each once", () => {
  const owed = payment();
  for (let number = 0; number < 20; number += 1) owed.undeliver(`${number}`);
  owed.undeliver("5");
  expect(owed.undone()).toHaveLength(16);
  expect(owed.undone()?.slice(-2)).toEqual(["19", "5"]);
});
