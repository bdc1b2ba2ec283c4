// Requests through the front, by instance and by second.
import { beforeEach, expect, test } from "vitest";
import type { InstanceView } from "../fleet/instances.ts";
import { type Traffic, traffic } from "./traffic.ts";

const view = (name: string): InstanceView => ({
  name,
  state: "ready",
  pid: 1,
  url: "http://127.0.0.1:1",
  inFlight: 0,
  restarts: 0,
});

let now: number;
let passing: Traffic;
beforeEach(() => {
  now = 5_000_000;
  passing = traffic(() => now);
});
const pass = (instance: string | undefined, path = "/quote") =>
  passing.passed({ instance, method: "GET", path, status: 200, ms: 1.234 });

test("each instance has its requests, its share and its last minute, the present second last", () => {
  pass("gateway-1");
  pass("gateway-1");
  now += 1_000;
  pass("gateway-1");
  pass("gateway-2");
  const [one, two, three] = passing.instances([view("gateway-1"), view("gateway-2"), view("gateway-3")]);
  expect(one).toMatchObject({ requests: 3, share: 0.75 });
  expect(one?.perSecond).toHaveLength(60);
  expect(one?.perSecond.slice(-2)).toEqual([2, 1]);
  expect(two?.perSecond.slice(-2)).toEqual([0, 1]);
  expect(three).toMatchObject({ requests: 0, share: 0 });
});

test("after a minute a second is forgotten, its requests are not", () => {
  pass("gateway-1");
  now += 59_000;
  expect(passing.instances([view("gateway-1")])[0]?.perSecond[0]).toBe(1);
  now += 1_000;
  const [instance] = passing.instances([view("gateway-1")]);
  expect(instance?.perSecond).toEqual(Array<number>(60).fill(0));
  expect(instance?.requests).toBe(1);
});

test("the latest requests are shown without their queries, the newest first, and not without bound", () => {
  for (let n = 0; n < 50; n += 1) pass(undefined, `/quote?secret=${n}`);
  pass("gateway-1", `/${"x".repeat(500)}`);
  const recent = passing.recent();
  expect(recent).toHaveLength(24);
  expect(recent[0]).toMatchObject({ id: 51, instance: "gateway-1", status: 200, ms: 1.2 });
  expect(recent[0]?.path).toHaveLength(80);
  expect(recent[1]).toMatchObject({ path: "/quote", instance: undefined });
});
