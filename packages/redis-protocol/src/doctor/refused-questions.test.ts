// A question that a user may not ask is not repeated at each examination, and is repeated once an hour.
import { expect, it, onTestFinished, vi } from "vitest";
import { askingOnce } from "./refused-questions.ts";

it("asks again after an hour what was refused: the right may have been given since", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  let asked = 0;
  let may = false;
  const server = async () => {
    asked += 1;
    if (!may) throw new Error("NOPERM this user has no permissions to run the 'info' command");
    return "redis_version:7.0.15";
  };
  const refused = new Map<string, unknown>();
  const info = () => askingOnce(server, "redis:6379", refused)("INFO");
  await expect(info()).rejects.toThrow("NOPERM");
  may = true;
  vi.advanceTimersByTime(3_599_000);
  await expect(info()).rejects.toThrow("NOPERM");
  expect(asked).toBe(1);
  vi.advanceTimersByTime(2_000);
  expect(await info()).toBe("redis_version:7.0.15");
  expect(await info()).toBe("redis_version:7.0.15");
  expect([asked, refused.size]).toEqual([3, 0]);
});

it("asks each time for a right that the stores need", async () => {
  let asked = 0;
  const server = async () => {
    asked += 1;
    throw new Error("NOPERM this user has no permissions to run the command");
  };
  const ask = askingOnce(server, "redis:6379", new Map());
  for (const words of [["CLUSTER", "SLOTS"], ["EVALSHA"], ["CLUSTER", "SLOTS"], ["EVALSHA"]]) {
    await expect(ask(...words)).rejects.toThrow("NOPERM");
  }
  expect(asked).toBe(4);
});
