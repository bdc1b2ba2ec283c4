// Between a gate and what speaks fetch.
import { expect, test } from "vitest";
import { problem } from "./answer.ts";
import { answerOf, contextOf, problemCode, readBody, responseOf } from "./fetch-messages.ts";

const post = (body: string, headers: Record<string, string> = {}) =>
  new Request("https://api.example/a%2Fb?c=%41&c=2", { method: "POST", body, headers });

test("path and query stay as they were sent, and of a name that comes twice the first value counts", () => {
  const { path, adapter } = contextOf(post("x"));
  expect([path, adapter.getUrl()]).toEqual(["/a%2Fb", "https://api.example/a%2Fb?c=%41&c=2"]);
  expect([adapter.getQueryParam?.("c"), adapter.getQueryParams?.()]).toEqual(["A", { c: "A" }]);
});

test("a body is read from a copy", async () => {
  const request = post("x");
  expect(await readBody(request, 1)).toEqual(new Uint8Array([120]));
  expect([request.bodyUsed, await request.text()]).toEqual([false, "x"]);
});

test("a body that was read, or is being read, by another is an error, and not one that broke off", async () => {
  const [read, locked] = [post("x"), post("x")];
  await read.text();
  locked.body?.getReader();
  for (const request of [read, locked]) await expect(readBody(request, 1)).rejects.toThrow("Put paid() before");
});

test("a body that breaks off because the client has left is no 400: there is no reader for it", async () => {
  const client = new AbortController();
  const breaking = () =>
    new Request("https://api.example", {
      method: "POST",
      body: new ReadableStream({ pull: (stream) => stream.error(new Error("cut")) }),
      signal: client.signal,
      ...{ duplex: "half" },
    });
  expect(await readBody(breaking(), 10)).toMatchObject({ status: 400 });
  client.abort(new Error("The client has left."));
  await expect(readBody(breaking(), 10)).rejects.toThrow("has left");
});

test("a body that is said to be too large is not read, and one that is ends there", async () => {
  const said = post("x", { "content-length": "2" });
  expect(await readBody(said, 1)).toMatchObject({ status: 413 });
  expect(await readBody(post("xx"), 1)).toMatchObject({ status: 413 });
});

test("each cookie of a handler stays one, and the cookie of an answer from what was kept stays", () => {
  const answer = { status: 200, headers: { "set-cookie": "a=1, b=2" }, body: new Uint8Array() };
  expect(responseOf(answer, ["a=1", "b=2"]).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(responseOf(answer).headers.getSetCookie()).toEqual(["a=1, b=2"]);
});

test("the cookies of a handler take no place of those that its gate tells", () => {
  const answer = { status: 200, headers: { "set-cookie": "kept=1" }, body: new Uint8Array() };
  expect(responseOf(answer, ["own=1"]).headers.getSetCookie()).toEqual(["kept=1"]);
});

test("an answer has all of a Response's cookies", async () => {
  const response = new Response("x");
  for (const cookie of ["a=1", "b=2"]) response.headers.append("set-cookie", cookie);
  expect((await answerOf(response)).headers["set-cookie"]).toBe("a=1, b=2");
});

test("the code of a problem is read from a copy, and another response has none", async () => {
  const response = responseOf(problem(503, "pending", "Ask again."));
  expect([await problemCode(response), response.bodyUsed]).toEqual(["pending", false]);
  const others = ["", "text", "null", '{"error":1}', '{"ready":false}'];
  const json = { "content-type": "application/json; charset=utf-8" };
  const codes = (bodies: string[]) =>
    Promise.all(bodies.map((body) => problemCode(new Response(body, { headers: json }))));
  expect(await codes(others)).toEqual(others.map(() => undefined));
  expect(await codes(['{"error":"theirs"}'])).toEqual(["theirs"]);
  expect(await problemCode(new Response('{"error":"theirs"}'))).toBeUndefined();
  await response.text();
  expect(await problemCode(response), "read before").toBeUndefined();
});

test("for the code of a problem little is read of a long answer, and of one that is no JSON nothing", async () => {
  const passedOn = (type: string) => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(stream) {
        pulled += 1;
        if (pulled > 100) stream.close();
        else stream.enqueue(new Uint8Array(4_096).fill(32));
      },
    });
    const response = new Response(body, { status: 502, headers: { "content-type": type } });
    return { response, pulled: () => pulled };
  };
  const [json, stream] = [passedOn("application/json"), passedOn("text/event-stream")];
  expect(await Promise.all([json, stream].map(({ response }) => problemCode(response)))).toEqual([
    undefined,
    undefined,
  ]);
  expect([json.pulled(), stream.pulled()].map((count) => count < 10)).toEqual([true, true]);
  expect((await json.response.arrayBuffer()).byteLength, "the answer itself is whole").toBe(100 * 4_096);
});

test.each([204, 205, 304])("%i has no body, whatever the answer has", (status) => {
  expect(responseOf({ status, headers: {}, body: new Uint8Array(1) }).body).toBeNull();
});

test("an answer that is shorter than it says broke off, and no length is taken from it", async () => {
  const saying = (length: string, headers: Record<string, string> = {}) =>
    new Response("12345", { headers: { "content-length": length, ...headers } });
  await expect(answerOf(saying("30"))).rejects.toThrow("broke off");
  await expect(answerOf(new Response(null, { headers: { "content-length": "30" } }))).rejects.toThrow("broke off");
  for (const whole of [
    answerOf(saying("5")),
    answerOf(saying("3")),
    answerOf(saying("30"), "HEAD"),
    answerOf(saying("30", { "content-encoding": "gzip" })),
  ]) {
    expect(Object.keys((await whole).headers)).not.toContain("content-length");
  }
});

test("an answer of more bytes than are held is given up there, and one of exactly so many is taken", async () => {
  let cancelled: unknown;
  const endless = new ReadableStream({
    pull: (stream) => stream.enqueue(new Uint8Array(4)),
    cancel: () => {
      cancelled = true;
    },
  });
  await expect(answerOf(new Response(endless), "GET", 10)).rejects.toThrow("maxAnswerBytes");
  expect(cancelled).toBe(true);
  expect((await answerOf(new Response("12345"), "GET", 5)).body.byteLength).toBe(5);
});

test("no answer, or one whose body was read by another, is an error, and not an empty answer", async () => {
  const read = new Response("12345");
  const reader = read.body?.getReader();
  while ((await reader?.read())?.done === false);
  reader?.releaseLock();
  await expect(answerOf(read)).rejects.toThrow(TypeError);
  for (const [made, words] of [
    [undefined, "returned no response: "],
    [null, "no response, but null: "],
    ["a secret", "no response, but a string: "],
    [{ quote: 42 }, "no response, but an object: "],
    [{ status: 200, headers: {}, body: "" }, "no response, but an object: "],
    [{ status: 200, headers: new Headers(), body: "text" }, "no response, but an object: "],
  ] as const) {
    const failed: unknown = await Reflect.apply(answerOf, undefined, [made]).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(TypeError);
    expect(Object(failed).message).toContain(words);
    expect(Object(failed).message).toContain("Response.json(");
    expect(Object(failed).message).not.toContain("secret");
  }
});

test("a response that another has sent already is an error, and not an empty answer", async () => {
  const sent = new Response(null, { headers: { "x-hono-already-sent": "true" } });
  await expect(answerOf(sent)).rejects.toThrow("already sent");
});

test("a body that is still read when its sale ends is cancelled there, and a response that comes after that is not read", async () => {
  for (const when of ["before", "while it waits"] as const) {
    const sale = new AbortController();
    const reason = new Error("The sale is over.");
    let pulled = 0;
    const cancelled: unknown[] = [];
    const stalled = new ReadableStream(
      {
        pull: () => {
          pulled += 1;
          return new Promise(() => undefined);
        },
        cancel: (why) => void cancelled.push(why),
      },
      { highWaterMark: 0 },
    );
    if (when === "before") sale.abort(reason);
    const answered = answerOf(new Response(stalled), "GET", 10, sale.signal);
    if (when !== "before") setTimeout(() => sale.abort(reason), 1);
    await expect(answered).rejects.toBe(reason);
    expect([cancelled, pulled]).toEqual([[reason], when === "before" ? 0 : 1]);
  }
});

test("an answer without a body is none after its sale has ended", async () => {
  await expect(answerOf(new Response(null), "GET", 10, AbortSignal.abort(new Error("Over.")))).rejects.toThrow("Over.");
});
