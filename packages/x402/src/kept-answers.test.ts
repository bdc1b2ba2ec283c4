// What is kept of an answer, and what is read of it again.
import { expect, test } from "vitest";
import { keepAnswers } from "./kept-answers.ts";

const context = { key: "k", header: () => undefined };
const { write, read } = keepAnswers({ maxBytes: 3, headers: ["X-Model"] });
const answer = { status: 201, headers: { "X-MODEL": "large", "x-client": "ann" }, body: Uint8Array.of(0, 255, 1) };

test("is read as it was kept, with the headers that are named in whatever case, and no other ones", async () => {
  const kept = await read(await write(answer, context), context);
  expect(kept).toEqual({ ...answer, headers: { "X-MODEL": "large" } });
  expect(() => write({ ...answer, body: new Uint8Array(4) }, context)).toThrow(RangeError);
});

test.each([
  ["no status", { status: "201" }],
  ["no body", { body: 5 }],
  ["no headers", { headers: {} }],
  ["headers that are none", { headers: [["content-type"]] }],
  ["headers of no text", { headers: [["content-type", 5]] }],
])("text with %s is no kept answer", (_what, change) => {
  const kept = { status: 201, headers: [], body: "", ...change };
  expect(() => read(JSON.stringify(kept), context)).toThrow("This is no kept answer.");
});

test.each([{ maxBytes: -1 }, { maxBytes: 0.5 }, Object({ headers: { "x-model": true } }), { headers: ["Set-Cookie"] }])(
  "%j cannot be meant",
  (options) => expect(() => keepAnswers(options)).toThrow("answers."),
);
