// A handler that speaks fetch behind the gate: bodies, headers and errors as the handler and the buyer expect them.
import type { PaidGate } from "@tollbooth-stores/http";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import type { HTTPRequestContext } from "@x402/core/http";
import { describe, expect, test, vi } from "vitest";
import { type FetchHandler, paid, paymentOf } from "./fetch.ts";
import { oneCent, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const payment = async () => paymentHeader((await makePayment(await shop.controls.payer())).payload);
const at = (path: string, init?: RequestInit) => new Request(`http://made-up.example${path}`, init);
const gate = () =>
  shop.gate({ "/quote": { accepts: oneCent } }, { collector: ({ adapter }) => adapter.getHeader("idempotency-key") });

describe("a route handler", () => {
  test("is paid for, run once for 10 copies, and given what the framework gives", async () => {
    const handler = vi.fn(async (_request: Request, { params }: { params: { id: string } }) => Response.json(params));
    const POST = paid(gate(), handler);
    const rest = { params: { id: "7" } };
    expect((await POST(at("/quote", { method: "POST", body: "x" }), rest)).status).toBe(402);
    const headers = { ...(await payment()), "idempotency-key": "mine" };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => POST(at("/quote", { method: "POST", body: "x", headers }), rest)),
    );
    expect(new Set(await Promise.all(answers.map((answer) => answer.text())))).toEqual(new Set(['{"id":"7"}']));
    expect(answers.every(({ headers }) => headers.has("payment-response"))).toBe(true);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("reads the body itself, from the framework's own request, and knows who paid", async () => {
    class FrameworkRequest extends Request {
      readonly own = "own";
    }
    const seen = vi.fn();
    const POST = paid(gate(), async (request: FrameworkRequest) => {
      seen(request.own, await request.text(), paymentOf(request)?.payer);
      return new Response();
    });
    // @ts-expect-error: the handler is made for the framework's own requests.
    const refused: Parameters<typeof POST>[0] = at("/quote");
    expect(refused).toBeInstanceOf(Request);
    const made = await makePayment(await shop.controls.payer());
    const init = { method: "POST", body: "two teas", headers: paymentHeader(made.payload) };
    expect((await POST(new FrameworkRequest("http://made-up.example/quote", init))).status).toBe(200);
    expect(seen).toHaveBeenCalledExactlyOnceWith("own", "two teas", made.authorization.from.toLowerCase());
  });

  test("sells nothing for a header at another price, on a payment that its handler works for", async () => {
    const price = ({ adapter }: HTTPRequestContext) => (adapter.getHeader("x-model") === "large" ? "$5" : "$0.01");
    let answer: (() => void) | undefined;
    const handler = vi.fn(async (request: Request) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return new Response(request.headers.get("x-model"));
    });
    const GET = paid(shop.gate({ "/quote": { accepts: { ...oneCent, price } } }), handler);
    const headers = await payment();
    const first = GET(at("/quote", { headers }));
    await vi.waitFor(() => expect(answer).toBeDefined());
    expect((await GET(at("/quote", { headers: { ...headers, "X-MODEL": "large" } }))).status).toBe(409);
    answer?.();
    expect((await first).status).toBe(200);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("that is missing, or has no gate, is refused when it is made, with words", () => {
    for (const [given, words] of [
      [[], "no gate"],
      [[undefined, () => new Response()], "no gate"],
      [[gate()], "no handler"],
      [[gate(), { unsold: "pass" }], "no handler"],
    ] as const) {
      const making = () => Reflect.apply(paid, undefined, given);
      expect(making).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
      expect(making).toThrow(words);
    }
  });

  test("of a route that is not sold is 404, and with unsold: pass answers as it is, without a payment", async () => {
    const handler = vi.fn((request: Request) => Response.json({ paid: paymentOf(request) !== undefined }));
    expect((await paid(gate(), handler)(at("/free"))).status).toBe(404);
    expect(handler).not.toHaveBeenCalled();
    const GET = paid(gate(), handler, { unsold: "pass", maxBodyBytes: 1 });
    expect(await (await GET(at("/free"))).json()).toEqual({ paid: false });
    expect((await GET(at("/free", { method: "POST", body: "more than a byte" }))).status).toBe(200);
  });

  test("that is free, or is not sold, gets what the framework gives", async () => {
    const handler = vi.fn((_request: Request, { id }: { id: string }) => new Response(id));
    const ways: [PaidGate, "pass" | "refuse"][] = [
      [{ handle: async () => undefined }, "refuse"],
      [{ sells: () => false, handle: () => expect.unreachable("No gate is asked.") }, "pass"],
    ];
    for (const [given, unsold] of ways) {
      expect(await (await paid(given, handler, { unsold })(at("/quote"), { id: "7" })).text()).toBe("7");
    }
  });

  test("may answer HEAD with the length of what GET has", async () => {
    const hand = { key: "one", fence: "1", signal: new AbortController().signal };
    const HEAD = paid({ handle: async (_context, _body, serve) => serve(hand) }, () => {
      return new Response(null, { headers: { "content-length": "9" } });
    });
    expect((await HEAD(at("/quote", { method: "HEAD" }))).status).toBe(200);
  });

  test("keeps every cookie and every byte for its own payer", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const GET = paid(gate(), () => {
      const headers = new Headers({ "content-type": "image/png" });
      headers.append("set-cookie", "a=1; Expires=Thu, 01 Jan 2037 00:00:00 GMT");
      headers.append("set-cookie", "b=2");
      return new Response(bytes, { headers });
    });
    const headers = { ...(await payment()), "idempotency-key": "mine" };
    const first = await GET(at("/quote", { headers }));
    expect(first.headers.getSetCookie()).toEqual(["a=1; Expires=Thu, 01 Jan 2037 00:00:00 GMT", "b=2"]);
    expect(new Uint8Array(await first.arrayBuffer())).toEqual(bytes);
    const again = await GET(at("/quote", { headers }));
    expect([again.headers.getSetCookie(), again.headers.get("content-type")]).toEqual([[], "image/png"]);
    expect(new Uint8Array(await again.arrayBuffer())).toEqual(bytes);
  });

  test("whose answer has more than maxAnswerBytes throws, and its payment is free again", async () => {
    let text = "123456";
    let signal: AbortSignal | undefined;
    const give = (request: Request) => {
      signal = paymentOf(request)?.signal;
      return new Response(text);
    };
    const GET = paid(gate(), give, { maxAnswerBytes: 5 });
    const headers = await payment();
    await expect(GET(at("/quote", { headers }))).rejects.toThrow(RangeError);
    expect([shop.controls.counts().transfers, signal?.reason]).toEqual([0, expect.any(RangeError)]);
    text = "12345";
    expect(await (await GET(at("/quote", { headers }))).text()).toBe(text);
  });

  test.each([204, 205, 303])("may answer %s without a body", async (status) => {
    const GET = paid(gate(), () => new Response(null, { status }));
    const sold = await GET(at("/quote", { headers: await payment() }));
    expect([sold.status, sold.body]).toEqual([status, null]);
  });

  test("whose stream breaks is not charged, and served at the next try", async () => {
    let broken = true;
    const GET = paid(gate(), () => {
      const stream = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("half of it"));
          if (broken) controller.error(new Error("the upstream broke"));
          else controller.close();
        },
      });
      return new Response(stream);
    });
    const headers = await payment();
    await expect(GET(at("/quote", { headers }))).rejects.toThrow("the upstream broke");
    expect(shop.controls.counts().transfers).toBe(0);
    broken = false;
    expect(await (await GET(at("/quote", { headers }))).text()).toBe("half of it");
  });

  test("that returns nothing is not charged", async () => {
    await expect(paid(gate(), () => undefined as never)(at("/quote", { headers: await payment() }))).rejects.toThrow(
      "no response",
    );
    expect(shop.controls.counts().transfers).toBe(0);
  });

  test("that answers Response.error() is not charged", async () => {
    const GET = paid(gate(), () => Response.error());
    await expect(GET(at("/quote", { headers: await payment() }))).rejects.toThrow("no status");
    expect(shop.controls.counts().transfers).toBe(0);
  });
});

describe("a request body", () => {
  const streamed = (...parts: (string | Error)[]) =>
    new ReadableStream({
      pull(controller) {
        const part = parts.shift();
        if (part === undefined) controller.close();
        else if (part instanceof Error) controller.error(part);
        else controller.enqueue(new TextEncoder().encode(part));
      },
    });
  const post = (
    handler: FetchHandler<[]>,
    body: NonNullable<RequestInit["body"]>,
    headers: Record<string, string>,
    most = 10,
  ) => {
    const handle = vi.fn<PaidGate["handle"]>(gate().handle);
    const POST = paid({ handle }, handler, { maxBodyBytes: most });
    const request = at("/quote", { method: "POST", body, headers, duplex: "half" });
    return { handle, answered: POST(request) };
  };

  test.each([
    ["by its length", "12345678901", { "content-length": "11" }],
    ["by its bytes", undefined, {}],
  ])("above the limit, known %s, is 413, and nothing is asked", async (_how, body, more) => {
    const handler = vi.fn(() => new Response());
    const headers = { ...(await payment()), ...more };
    const { handle, answered } = post(handler, body ?? streamed("123456", "78901", "more"), headers);
    const answer = await answered;
    expect([answer.status, Object(await answer.json()).error]).toEqual([413, "body_too_large"]);
    expect([handle.mock.calls.length, handler.mock.calls.length]).toEqual([0, 0]);
  });

  test("that says it is too large is not read at all", async () => {
    const pull = vi.fn((controller: ReadableStreamDefaultController) => controller.close());
    const body = new ReadableStream({ pull }, { highWaterMark: 0 });
    const { answered } = post(() => new Response(), body, { "content-length": "11" });
    expect((await answered).status).toBe(413);
    expect(pull).not.toHaveBeenCalled();
  });

  test("that was read before the gate is an error of the application, and nothing is asked", async () => {
    const handle = vi.fn<PaidGate["handle"]>(gate().handle);
    const request = at("/quote", { method: "POST", body: "x", headers: await payment() });
    await request.text();
    await expect(paid({ handle }, () => new Response())(request)).rejects.toThrow("Put paid() before");
    expect(handle).not.toHaveBeenCalled();
  });

  test("of exactly the limit is taken", async () => {
    const { answered } = post(
      async (request) => new Response(await request.text()),
      streamed("12345", "67890"),
      await payment(),
    );
    expect(await (await answered).text()).toBe("1234567890");
  });

  test("that does not come to its end is 400, and nothing is asked", async () => {
    const { handle, answered } = post(() => new Response(), streamed("12", new Error("cut")), await payment());
    expect((await answered).status).toBe(400);
    expect(handle).not.toHaveBeenCalled();
  });
});

describe("a body that stalls is cancelled, and its payment served at the next try,", () => {
  test.each([
    ["when the client leaves", {}],
    ["when handlerTimeoutMs is over", { handlerTimeoutMs: "20ms" }],
  ])("%s", async (_when, options) => {
    const cancelled = vi.fn();
    const pull = vi.fn(() => new Promise<void>(() => undefined));
    let stalls = true;
    const GET = paid(shop.gate(undefined, options), () => {
      if (!stalls) return new Response("whole");
      return new Response(new ReadableStream({ pull, cancel: cancelled }, { highWaterMark: 0 }));
    });
    const headers = await payment();
    const client = new AbortController();
    const answered = GET(at("/quote", { headers, signal: client.signal }));
    await expect.poll(() => pull.mock.calls.length).toBe(1);
    if ("handlerTimeoutMs" in options) expect((await answered).status).toBe(504);
    else {
      client.abort(new Error("The client has left."));
      await expect(answered).rejects.toThrow("has left");
    }
    expect([cancelled.mock.calls.length, shop.controls.counts().transfers]).toEqual([1, 0]);
    stalls = false;
    expect(await (await GET(at("/quote", { headers }))).text()).toBe("whole");
  });
});
