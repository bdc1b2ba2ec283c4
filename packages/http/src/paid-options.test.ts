// A gate that has no route for a request, and paid() before it.
import { expect, test } from "vitest";
import { contextOf } from "./fetch-messages.ts";
import type { PaidGate } from "./paid-gate.ts";
import { beforeGate } from "./paid-options.ts";

const handle: PaidGate["handle"] = async () => undefined;
const context = contextOf(new Request("https://api.example/quote"));

test("what is not sold passes or is 404, as it is told, and a gate that cannot say is asked", () => {
  const unsold: PaidGate = { handle, sells: () => false };
  expect(beforeGate(unsold, context, "pass")).toBe("pass");
  expect(beforeGate(unsold, context, "refuse")).toMatchObject({ status: 404 });
  expect(beforeGate({ handle, sells: () => true }, context, "refuse")).toBe("ask");
  expect(beforeGate({ handle }, context, "refuse")).toBe("ask");
});
