// The lines that a terminal gets about trouble, and that it gets none without.

import { createServer } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { InstanceState } from "./fleet/instances.ts";
import { portOf } from "./process/port-of.ts";
import { instanceTrouble, readinessTrouble } from "./told-trouble.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function answering(status: number, body: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return portOf(server, "127.0.0.1").url;
}

describe("readinessTrouble", () => {
  test.each([
    [{ stores: "unwritable", facilitator: "ok" }, "its stores take no writes"],
    [{ stores: "full", facilitator: "ok" }, "its stores are full"],
    [{ stores: "ok", facilitator: "unreachable" }, "its facilitator cannot be reached"],
    [
      { stores: "unwritable", facilitator: "unreachable" },
      "its stores take no writes and its facilitator cannot be reached",
    ],
  ])("says what is wrong of %j", async (checks, what) => {
    const url = await answering(503, JSON.stringify({ ready: false, checks }));
    expect(await readinessTrouble(url)).toBe(`Not ready: ${what}. Payments answer 503 until that has ended.`);
  });

  test("says nothing where all is well", async () => {
    const body = { ready: true, checks: { stores: "ok", facilitator: "ok" } };
    expect(await readinessTrouble(await answering(200, JSON.stringify(body)))).toBeUndefined();
  });

  test.each([
    [503, '{"error":"no_instance"}'],
    [502, "Bad gateway"],
  ])("an answer %i that does not say why is trouble, too", async (status, body) => {
    const url = await answering(status, body);
    expect(await readinessTrouble(url)).toBe(
      `Not ready: ${url}/readyz does not say why. Payments answer 503 until it is.`,
    );
  });
});

describe("instanceTrouble", () => {
  const told = (...states: [name: string, state: InstanceState][]) => {
    const lines: string[] = [];
    const heard = instanceTrouble((line) => lines.push(line));
    for (const [name, state] of states)
      heard({ name, state, pid: state === "ready" ? 7 : undefined, url: undefined, inFlight: 0, restarts: 0 });
    return lines;
  };

  test("an instance that ended is told once, and again when it is back", () => {
    const lines = told(["a", "ready"], ["a", "down"], ["b", "ready"], ["a", "down"], ["a", "starting"], ["a", "ready"]);
    expect(lines).toEqual(["a ended by itself or was killed.", "a is back (pid 7)."]);
  });

  test("a start, and a restart that was ordered, are no trouble", () => {
    expect(told(["a", "starting"], ["a", "ready"], ["a", "draining"], ["a", "starting"], ["a", "ready"])).toEqual([]);
  });
});
