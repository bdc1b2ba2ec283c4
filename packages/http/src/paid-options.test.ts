// A gate that has no route for a request, and paid() before it.
import { expect, test } from "vitest";
import { contextOf } from "./fetch-messages.ts";
import type { PaidGate } from "./paid-gate.ts";
import { beforeGate, paidSettings } from "./paid-options.ts";

const handle: PaidGate["handle"] = async () => undefined;
const gate: PaidGate = { handle };
const context = contextOf(new Request("https://api.example/quote"));

test("what is not sold passes or is 404, as it is told, and a gate that cannot say is asked", () => {
  const unsold: PaidGate = { handle, sells: () => false };
  expect(beforeGate(unsold, context, "pass")).toBe("pass");
  expect(beforeGate(unsold, context, "refuse")).toMatchObject({ status: 404 });
  expect(beforeGate({ handle, sells: () => true }, context, "refuse")).toBe("ask");
  expect(beforeGate({ handle }, context, "refuse")).toBe("ask");
});

test("a request that is not sold is told the method and path that were looked up, without the query, and not at any length", () => {
  const unsold: PaidGate = { handle, sells: () => false };
  const messageFor = (path: string, method = "GET") => {
    const answer = beforeGate(unsold, { ...context, path, method }, "refuse");
    return typeof answer === "string" ? answer : JSON.parse(new TextDecoder().decode(answer.body)).message;
  };
  expect(messageFor(contextOf(new Request("https://api.example/shop/quote?key=secret")).path)).toContain(
    '"GET /shop/quote"',
  );
  const odd = messageFor('/a"\r\n\u2028</script>');
  expect(odd).toContain('"GET /a\\"\\r\\n');
  expect(odd).not.toMatch(/[\r\n\u2028<>]/);
  expect(messageFor(`/${"a".repeat(10_000)}`).length).toBeLessThan(400);
  expect(messageFor("/quote", "A".repeat(10_000)).length).toBeLessThan(400);
});

test("options that cannot be meant are refused when the middleware is made", () => {
  const refused = expect.objectContaining({ code: "STORE_CONFIG" });
  for (const bytes of [Number.NaN, 0, -1, 1.5, Number.POSITIVE_INFINITY]) {
    expect(() => paidSettings(gate, { maxAnswerBytes: bytes })).toThrow(refused);
    expect(() => paidSettings(gate, { maxBodyBytes: bytes })).toThrow(refused);
  }
  const misspelt = { maxAnswerByte: 1, unsold: "pass" } as const;
  expect(() => paidSettings(gate, misspelt)).toThrow('did you mean "maxAnswerBytes"?');
  expect(() => paidSettings(gate, JSON.parse('{ "unsold": "refused" }'))).toThrow(refused);
  expect(paidSettings(gate)).toEqual({ maxBodyBytes: 1_048_576, maxAnswerBytes: 67_108_864, unsold: undefined });
});

test("what is no gate is refused when the middleware is made, with words of what is missing", () => {
  for (const none of [undefined, null, {}, Promise.resolve(gate), handle]) {
    const making = () => Reflect.apply(paidSettings, undefined, [none]);
    expect(making).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
    expect(making).toThrow("was given no gate");
  }
});
