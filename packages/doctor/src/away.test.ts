// Servers that stop answering, before an examination or during it. They are faked: the doctor's findings are tested, not its questions.
import type { Examined } from "@tollbooth-stores/config";
import { StoreError } from "@tollbooth-stores/core";
import { beforeEach, expect, it, vi } from "vitest";
import { examine } from "./examine.ts";

const world = vi.hoisted(() => {
  const answers: unknown[][] = [];
  const asked: unknown[] = [];
  return { answers, asked, error: new Error("Not set.") };
});
vi.mock("@tollbooth-stores/config", () => ({
  async loadStores() {
    const store = { provider: "described", shared: true, settings: { keyPrefix: "shop:verify" } };
    return {
      async examine(options: unknown) {
        world.asked.push(options);
        return world.answers.shift();
      },
      describe: () => ({ rateLimits: store, sessions: store, verifications: store, warnings: [] }),
      servers: async () => [],
      verifications: {
        unresolved() {
          world.asked.push("unresolved");
          throw world.error;
        },
      },
      async close() {
        world.asked.push("closed");
      },
    };
  },
}));

const limits = ["rateLimits"] as const;
const payments = ["sessions", "verifications"] as const;
type What = Pick<Examined, "check" | "level" | "stores"> & { server?: string };
const found = (what: What): Examined => ({ provider: "redis", topic: "some", message: "Words.", ...what });
const reached = (stores: What["stores"], server?: string) =>
  found({ check: "reachable", level: "ok", stores, ...(server !== undefined && { server }) });
const away = (stores: What["stores"], server?: string) =>
  found({ check: "reachable", level: "error", stores, ...(server !== undefined && { server }) });

/** How each server is reached, and what else was found. */
async function told() {
  const { findings } = await examine({ config: {} });
  const [of] = findings.filter(({ check }) => check === "payments");
  const others = findings.filter(({ check }) => check !== "payments");
  return {
    message: of?.message,
    others: others.map(({ check, level, server, stores }) => [check, level, server, stores.length].join(" ")).sort(),
  };
}

beforeEach(() => {
  world.asked.length = 0;
  world.error = new StoreError("STORE_UNAVAILABLE", "No answer.", { outcome: "unknown" });
});

it("a server that is away is not asked for its payments", async () => {
  world.answers.push([away(payments, "a:1")]);
  expect(await told()).toEqual({
    message: "The payments in doubt could not be listed. See `reachable`.",
    others: ["reachable error a:1 2"],
  });
  expect(world.asked).toEqual([undefined, "closed"]);
});

it("payments are listed where only the server of the limits is away, or says something wrong of itself", async () => {
  world.answers.push([
    away(limits, "a:1"),
    reached(payments, "b:1"),
    found({ check: "eviction", level: "error", stores: payments }),
  ]);
  world.answers.push([away(limits, "a:1")]);
  expect((await told()).message).toBe("The payments in doubt could not be listed. No answer.");
  expect(world.asked).toEqual([undefined, "unresolved", { criticalOnly: true }, "closed"]);
});

it("a server that hangs in the middle is told of once, and the others and what was found before stay", async () => {
  const before = [
    reached(limits, "a:1"),
    reached(payments, "a:1"),
    reached(payments, "b:1"),
    found({ check: "persistence", level: "warning", stores: payments, server: "a:1" }),
  ];
  world.answers.push(before, [away(payments, "a:1"), reached(payments, "b:1"), ...before.slice(3)]);
  expect(await told()).toEqual({
    message: "The payments in doubt could not be listed. See `reachable`.",
    others: ["persistence warning a:1 2", "reachable error a:1 2", "reachable ok a:1 1", "reachable ok b:1 2"],
  });
});

it("an error that names no server stands for each one of its stores", async () => {
  world.answers.push([reached(limits, "a:1"), reached(payments, "a:1"), reached(payments, "b:1")], [away(payments)]);
  expect((await told()).others).toEqual(["reachable error  2", "reachable ok a:1 1"]);
});

it("errors come first, and the payments are those of the port that was examined", async () => {
  world.answers.push(
    [reached(limits), found({ check: "eviction", level: "warning", stores: payments })],
    [away(payments)],
  );
  const { findings } = await examine({ config: {} });
  expect(findings.map(({ level }) => level)).toEqual(["error", "warning", "unknown", "ok"]);
  expect(findings[2]).toMatchObject({ check: "payments", provider: "redis", stores: ["verifications"] });
  world.answers.push([reached(limits)], []);
  const { findings: others } = await examine({ config: {} });
  expect(others).toContainEqual(expect.objectContaining({ check: "payments", provider: "described" }));
});
