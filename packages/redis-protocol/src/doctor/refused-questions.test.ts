// A question that a user may not ask is not repeated at each examination, and one of them is.
import { expect, it, onTestFinished, vi } from "vitest";
import { askingOnce } from "./refused-questions.ts";

it("asks one of the refused questions again at each examination, and all of a server where that is answered", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const asked: string[] = [];
  const given = new Set<string>();
  const server = async (...words: string[]) => {
    asked.push(words.join(" "));
    if (!given.has(words[0] ?? "")) throw new Error("NOPERM this user has no permissions to run the command");
    return "told";
  };
  const refused = new Map<string, unknown>();
  const examine = async (name = "redis:6379") => {
    asked.length = 0;
    const ask = askingOnce(server, name, refused);
    const answers = ["INFO server", "CONFIG GET save", "ACL LIST"].map((words) => ask(...words.split(" ")));
    const settled = await Promise.allSettled(answers);
    vi.advanceTimersByTime(300_000);
    return [asked.length, settled.filter(({ status }) => status === "fulfilled").length];
  };
  expect(await examine()).toEqual([3, 0]);
  expect([await examine(), ...asked]).toEqual([[1, 0], "INFO server"]);
  expect([await examine(), ...asked]).toEqual([[1, 0], "CONFIG GET save"]);
  expect(await examine("replica:6379")).toEqual([3, 0]);
  given.add("ACL").add("CONFIG");
  expect([await examine(), ...asked]).toEqual([[1, 1], "ACL LIST"]);
  expect(await examine()).toEqual([3, 2]);
  expect(await examine()).toEqual([3, 2]);
  expect(await examine("replica:6379")).toEqual([1, 0]);
});

it("asks nothing again within four minutes, as where connections are lost in turn", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  let asked = 0;
  const server = async (...words: string[]) => {
    if (words[0] === "TIME") return "told";
    asked += 1;
    throw new Error("NOPERM this user has no permissions to run the command");
  };
  const refused = new Map<string, unknown>();
  const info = () => askingOnce(server, "redis:6379", refused)("INFO");
  await expect(info()).rejects.toThrow("NOPERM");
  // An answer that was never refused says nothing of rights.
  await askingOnce(server, "redis:6379", refused)("TIME");
  vi.advanceTimersByTime(239_000);
  await expect(info()).rejects.toThrow("NOPERM");
  expect(asked).toBe(1);
  vi.advanceTimersByTime(1_000);
  await expect(info()).rejects.toThrow("NOPERM");
  expect(asked).toBe(2);
});

it("asks a question again after an hour, also where the one whose turn it is is not asked any more", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const asked: string[] = [];
  const server = async (name = "") => {
    asked.push(name);
    throw new Error("NOPERM this user has no permissions to run the command");
  };
  const refused = new Map<string, unknown>();
  const question = (name: string) => askingOnce(server, "redis:6379", refused)(name);
  for (const name of ["INFO", "ACL"]) await expect(question(name)).rejects.toThrow("NOPERM");
  vi.advanceTimersByTime(3_599_000);
  await expect(question("ACL")).rejects.toThrow("NOPERM");
  expect(asked).toEqual(["INFO", "ACL"]);
  vi.advanceTimersByTime(1_000);
  await expect(question("ACL")).rejects.toThrow("NOPERM");
  expect(asked).toEqual(["INFO", "ACL", "ACL"]);
});

it("asks again what failed for another reason than a right", async () => {
  const server = vi.fn<() => Promise<unknown>>().mockRejectedValue(new Error("LOADING Redis is loading"));
  const refused = new Map<string, unknown>();
  for (let time = 0; time < 2; time += 1) {
    await expect(askingOnce(server, "redis:6379", refused)("INFO")).rejects.toThrow("LOADING");
  }
  expect(server).toHaveBeenCalledTimes(2);
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
