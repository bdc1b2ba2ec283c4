// What a buyer does where it hears no outcome: the same payment again, and no other one.
import { createServer } from "node:http";
import { buyer as customerOf, makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { x402Client } from "@x402/core/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { isDecided, type PaymentToSend, type RepeatOptions, repeat503 } from "./buyer.ts";
import { paid } from "./fetch.ts";
import { origin, shopForEachTest } from "./paid-routes.test-support.ts";

const url = `${origin}/quote`;
const paying = { headers: { "payment-signature": "the payment" } };

/** A fetch that answers each request with the next of `answers`, and with the last one from then on. */
function answering(...answers: (number | [status: number, retryAfter: string] | Error)[]) {
  const requests: { payment: string | null; method: string; body: string; type: string | null }[] = [];
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const { headers, method } = request;
    const answer = answers[Math.min(requests.length, answers.length - 1)] ?? 500;
    const body = await request.text();
    requests.push({ payment: headers.get("payment-signature"), method, body, type: headers.get("content-type") });
    if (answer instanceof Error) throw answer;
    const [status, retryAfter] = typeof answer === "number" ? [answer] : answer;
    return new Response("said", {
      status,
      ...(retryAfter !== undefined && { headers: { "retry-after": retryAfter } }),
    });
  };
  return { send, requests };
}

/** Waits no time at all, and remembers for how long it should have. */
function noWait() {
  const waits: number[] = [];
  return { waits, wait: async (ms: number) => void waits.push(ms) };
}

const atOnce = { wait: async () => undefined };

describe("a request with a payment", () => {
  test("whose body never ends is given up when its signal aborts", async () => {
    const { send, requests } = answering(200);
    for (const abortedBefore of [true, false]) {
      const client = new AbortController();
      if (abortedBefore) client.abort(new Error("too late"));
      const init = {
        method: "POST",
        ...paying,
        body: new ReadableStream(),
        duplex: "half",
        signal: client.signal,
      } as const;
      const sent = repeat503(send, atOnce)(url, init);
      client.abort(new Error("too late"));
      await expect(sent).rejects.toThrow("too late");
    }
    expect(requests).toEqual([]);
  });

  test.each(["error", "manual"] as const)("that is redirected is sent once, with redirect: %s", async (redirect) => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = Object(server.address());
    const sent = repeat503(fetch, atOnce)(`http://127.0.0.1:${port}/`, { ...paying, redirect });
    if (redirect === "error") await expect(sent).rejects.toThrow('redirect: "error"');
    else expect((await sent).status).toBe(307);
    expect(asked).toBe(1);
  });

  test("is sent again after Retry-After, the same payment and body, until there is an outcome", async () => {
    const { send, requests } = answering([503, "3"], 503, 502, 504, new TypeError("fetch failed"), 200);
    const { waits, wait } = noWait();
    const heard: unknown[] = [];
    const onRepeat: RepeatOptions["onRepeat"] = async ({ answer, error }) => {
      heard.push(answer === undefined ? String(error) : [answer.status, await answer.text()]);
    };
    const body = new Blob(["an order"]).stream();
    const headers = { ...paying.headers, "content-type": "text/plain" };
    const init = { method: "POST", headers, body, duplex: "half" } as const;
    const answer = await repeat503(send, { wait, onRepeat })(new Request(url, init));
    expect(answer.status).toBe(200);
    const sent = { payment: "the payment", method: "POST", body: "an order", type: "text/plain" };
    expect(requests).toEqual(Array(6).fill(sent));
    expect(waits).toEqual([3_000, 1_000, 1_000, 1_000, 1_000]);
    expect(heard).toEqual([[503, "said"], [503, "said"], [502, "said"], [504, "said"], "TypeError: fetch failed"]);
  });

  test.each([200, 402, 409, 429, 500])("is not sent again after %i", async (status) => {
    const { send, requests } = answering([status, "1"]);
    expect((await repeat503(send, atOnce)(url, paying)).status).toBe(status);
    expect(requests).toHaveLength(1);
  });

  test.each([401, 403, 404, 408, 425])(
    "is not sent again after %i alone, and is after one that left it open",
    async (status) => {
      const alone = answering(status, 200);
      expect((await repeat503(alone.send, atOnce)(url, paying)).status).toBe(status);
      const { send, requests } = answering(503, status, 200);
      expect((await repeat503(send, atOnce)(url, paying)).status).toBe(200);
      expect([alone.requests.length, requests.length]).toEqual([1, 3]);
    },
  );

  test("is sent again after 429 where an earlier answer left it open: a limit says nothing of the payment", async () => {
    const { send, requests } = answering(503, [429, "2"], 200);
    const { waits, wait } = noWait();
    expect((await repeat503(send, { wait })(url, paying)).status).toBe(200);
    expect([requests.length, waits]).toEqual([3, [1_000, 2_000]]);
  });

  test("is not held by an answer whose body never ends", async () => {
    const cancelled = vi.fn();
    const answers = [new Response(new ReadableStream({ cancel: cancelled }), { status: 503 }), new Response("made")];
    const answer = await repeat503(async () => answers.shift() ?? Response.error(), atOnce)(url, paying);
    expect([await answer.text(), cancelled.mock.calls.length]).toEqual(["made", 1]);
  });

  test("follows a redirect with its body", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/quote") response.writeHead(308, { location: "/quote/" }).end();
      else request.pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const at = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/quote`;
    const answer = await repeat503(fetch, { attempts: 1 })(at, { ...paying, method: "POST", body: "an order" });
    expect(await answer.text()).toBe("an order");
    server.closeAllConnections();
    server.close();
  });

  describe("that is redirected", () => {
    const secret = { "payment-signature": "the payment", "idempotency-key": "mine", authorization: "Bearer mine" };
    const elsewhere = "https://cdn.example/file";

    /** Redirects each request as `redirects` say, and answers `status` elsewhere. */
    function redirecting(redirects: Record<string, [status: number, location: string]>, status = 200) {
      const seen: { url: string; method: string; body: string; headers: string[] }[] = [];
      const send: typeof fetch = async (input, init) => {
        const request = new Request(input, init);
        const headers = [...request.headers.keys()];
        seen.push({ url: request.url, method: request.method, body: await request.text(), headers });
        const [redirect, location] = redirects[request.url] ?? [];
        return location === undefined
          ? new Response("said", { status })
          : new Response("moved", { status: redirect ?? 302, headers: { location } });
      };
      return { send, seen };
    }

    test.each([301, 302, 303, 307, 308])(
      "by %i to another origin is followed without its payment, and back too",
      async (status) => {
        const { send, seen } = redirecting({ [url]: [status, elsewhere], [elsewhere]: [status, `${origin}/back`] });
        const answer = await repeat503(send, atOnce)(url, { headers: { ...secret, accept: "text/plain" } });
        expect([answer.status, await answer.text()]).toEqual([200, "said"]);
        expect(seen.map(({ headers }) => headers)).toEqual([
          ["accept", "authorization", "idempotency-key", "payment-signature"],
          ["accept"],
          ["accept"],
        ]);
      },
    );

    test("on its own origin keeps its payment, and loses its body only where the redirect asks for a GET", async () => {
      for (const [status, method, body] of [
        [308, "POST", "an order"],
        [303, "GET", ""],
      ] as const) {
        const { send, seen } = redirecting({ [url]: [status, "/quote/"] });
        await repeat503(send, atOnce)(url, { method: "POST", headers: secret, body: "an order" });
        expect(seen[1]).toMatchObject({ url: `${url}/`, method, body });
        expect(seen[1]?.headers).toEqual(expect.arrayContaining(Object.keys(secret)));
        expect(seen[1]?.headers.includes("content-type")).toBe(method === "POST");
      }
    });

    test("hears another origin's answer as it is, and the redirect itself where it leads nowhere", async () => {
      const away = redirecting({ [url]: [302, elsewhere] }, 503);
      expect((await repeat503(away.send, atOnce)(url, paying)).status).toBe(503);
      expect(away.seen).toHaveLength(2);
      const nowhere = redirecting({ [url]: [302, "data:text/plain,said"] });
      expect((await repeat503(nowhere.send, atOnce)(url, paying)).status).toBe(302);
      const round = redirecting({ [url]: [302, url] });
      expect((await repeat503(round.send, atOnce)(url, paying)).status).toBe(302);
      expect(round.seen).toHaveLength(21);
    });
  });

  test("is sent as often as it may be: the last answer is there to be read, the last error is thrown", async () => {
    const { send, requests } = answering(503);
    const last = await repeat503(send, { ...atOnce, attempts: 3 })(url, paying);
    expect([last.status, await last.text(), requests.length]).toEqual([503, "said", 3]);
    const failing = answering(new TypeError("fetch failed"));
    const sending = repeat503(failing.send, { ...atOnce, attempts: 2 })(url, paying);
    await expect(sending).rejects.toThrow("fetch failed");
    expect(failing.requests).toHaveLength(2);
  });

  test("is not sent again once its time is over, that of onRepeat included", async () => {
    const { send: sendSlow, requests: slow } = answering(503);
    const onRepeat = () => new Promise<void>((done) => setTimeout(done, 60));
    await repeat503(sendSlow, { ...atOnce, forMs: 1_040, onRepeat })(url, paying);
    expect(slow).toHaveLength(1);
    const { send, requests } = answering([503, "4"]);
    const { waits, wait } = noWait();
    expect((await repeat503(send, { wait, forMs: 10_000 })(url, paying)).status).toBe(503);
    expect([requests.length, waits]).toEqual([3, [4_000, 4_000]]);
  });

  test("is sent for a minute where nothing else is said, once a second", async () => {
    const { send, requests } = answering(503);
    const { waits, wait } = noWait();
    expect((await repeat503(send, { wait })(url, paying)).status).toBe(503);
    const secondsMs = waits.reduce((sum, ms) => sum + ms, 0);
    expect([requests.length, secondsMs]).toEqual([60, 59_000]);
  });

  test.each(["0", "soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"])(
    "waits a second where Retry-After is %j",
    async (text) => {
      const { waits, wait } = noWait();
      await repeat503(answering([503, text], 200).send, { wait })(url, paying);
      expect(waits).toEqual([1_000]);
    },
  );

  test("waits until a Retry-After that is a date", async () => {
    const { waits, wait } = noWait();
    const date = new Date(Date.now() + 20_000).toUTCString();
    await repeat503(answering([503, date], 200).send, { wait })(url, paying);
    expect(waits).toEqual([expect.closeTo(19_500, -3.5)]);
  });

  test("is sent again though onRepeat fails, and is over where its signal aborts while onRepeat hangs", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const failing = () => Promise.reject(new Error("the log is away"));
    const { send, requests } = answering(503, 200);
    expect((await repeat503(send, { ...atOnce, onRepeat: failing })(url, paying)).status).toBe(200);
    expect([requests.length, warned.mock.calls.length]).toEqual([2, 1]);
    warned.mockRestore();
    const leaving = new AbortController();
    const hanging = () => new Promise<void>(() => leaving.abort(new Error("Enough.")));
    const sending = repeat503(answering(503).send, { ...atOnce, onRepeat: hanging })(url, {
      ...paying,
      signal: leaving.signal,
    });
    await expect(sending).rejects.toThrow("Enough.");
  });

  test("is over at once where its signal aborts: in a wait, and in an attempt", async () => {
    for (const first of [503, new TypeError("fetch failed")]) {
      const leaving = new AbortController();
      const { send, requests } = answering(first);
      const onRepeat = () => void setTimeout(() => leaving.abort(new Error("Enough.")));
      const beganMs = performance.now();
      const sending = repeat503(send, { onRepeat })(url, { ...paying, signal: leaving.signal });
      await expect(sending).rejects.toThrow("Enough.");
      // A wait is a second at the least.
      expect(performance.now() - beganMs).toBeLessThan(900);
      expect(requests).toHaveLength(1);
    }
    const leaving = new AbortController();
    const hanging = vi.fn<typeof fetch>(async () => {
      leaving.abort(new Error("Enough."));
      throw new TypeError("terminated");
    });
    const onRepeat = vi.fn();
    const sending = repeat503(hanging, { onRepeat })(url, { ...paying, signal: leaving.signal });
    await expect(sending).rejects.toThrow("Enough.");
    expect([hanging.mock.calls.length, onRepeat.mock.calls.length]).toEqual([1, 0]);
  });
});

describe("a payment that the buyer writes down", () => {
  test("is told once, and awaited, before it is sent for the first time", async () => {
    const { send, requests } = answering(503, new TypeError("fetch failed"), 200);
    const told: { payment: PaymentToSend; sentBefore: number }[] = [];
    const onPayment = async (payment: PaymentToSend) => {
      await new Promise((done) => setTimeout(done, 5));
      told.push({ payment, sentBefore: requests.length });
    };
    const headers = { ...paying.headers, "Idempotency-Key": "mine", "content-type": "text/plain" };
    const init = { method: "POST", headers, body: "an order" };
    expect((await repeat503(send, { ...atOnce, onPayment })(new Request(url, init))).status).toBe(200);
    expect(requests).toHaveLength(3);
    const sent = { "payment-signature": "the payment", "idempotency-key": "mine", "content-type": "text/plain" };
    expect(told).toEqual([{ payment: { url, method: "POST", headers: sent, body: expect.any(Blob) }, sentBefore: 0 }]);
    expect(await told[0]?.payment.body?.text()).toBe("an order");
  });

  test("is not sent where writing it down fails, or its request was aborted", async () => {
    const { send, requests } = answering(200);
    for (const onPayment of [
      () => Promise.reject(new Error("The disk is full.")),
      () => {
        throw new Error("The disk is full.");
      },
    ]) {
      await expect(repeat503(send, { ...atOnce, onPayment })(url, paying)).rejects.toThrow("The disk is full.");
    }
    const leaving = new AbortController();
    const hanging = () => new Promise<void>(() => leaving.abort(new Error("Enough.")));
    const waiting = { ...paying, signal: leaving.signal };
    await expect(repeat503(send, { onPayment: hanging })(url, waiting)).rejects.toThrow("Enough.");
    const onPayment = vi.fn();
    const aborted = { ...paying, signal: AbortSignal.abort(new Error("Enough.")) };
    await expect(repeat503(send, { onPayment })(url, aborted)).rejects.toThrow("Enough.");
    expect([requests.length, onPayment.mock.calls.length]).toEqual([0, 0]);
  });

  test("is that of a payment alone: a request without one is not told", async () => {
    const onPayment = vi.fn();
    await repeat503(answering(402).send, { onPayment })(url, { headers: { "idempotency-key": "mine" } });
    expect(onPayment).not.toHaveBeenCalled();
  });
});

test("an answer decides about a payment where the gate says what became of it", () => {
  const statuses = [0, 200, 204, 302, 400, 401, 402, 403, 404, 408, 409, 412, 429, 500, 503];
  expect(statuses.filter((status) => isDecided({ status }))).toEqual([200, 204, 302, 402, 409]);
});

test("a request without a payment is handed on as it came, whatever the answer is", async () => {
  const send = vi.fn<typeof fetch>(async () => new Response("", { status: 503 }));
  const init = { method: "POST", body: "an order" };
  expect((await repeat503(send)(url, init)).status).toBe(503);
  expect(send.mock.calls).toEqual([[url, init]]);
  expect(send.mock.calls[0]?.[1]).toBe(init);
});

test.each([
  [undefined],
  [fetch, null],
  [fetch, { attempts: 0 }],
  [fetch, { forMs: "1m" }],
  [fetch, { forMs: Number.NaN }],
  [fetch, { onRepeat: 1 }],
  [fetch, { onPayment: {} }],
  [fetch, { attempt: 3 }],
])("%s with %j is refused when it is made", (...given) => {
  expect(() => Reflect.apply(repeat503, undefined, given)).toThrow(TypeError);
});

test("an unknown option is named, and what looks like no name is not shown", () => {
  const making = (options: object) => () => repeat503(fetch, options);
  expect(making({ attempt: 3 })).toThrow('"attempt"');
  expect(making({ "0xsecret key": 3 })).not.toThrow("secret");
  expect(making({ "0xsecret key": 3 })).toThrow("Unknown option");
});

describe("the SDK's own client", () => {
  const shop = shopForEachTest();

  test("buys after the gate's own 504 by the same payment, and is charged once", async () => {
    let runs = 0;
    const slow = shop.gate(undefined, { handlerTimeoutMs: 40 });
    const GET = paid(slow, async () => {
      runs += 1;
      if (runs === 1) await new Promise((done) => setTimeout(done, 80));
      return Response.json({ quote: runs });
    });
    const { payload } = await makePayment(await shop.controls.payer());
    const seen: number[] = [];
    const onRepeat: RepeatOptions["onRepeat"] = ({ answer }) => void seen.push(answer?.status ?? 0);
    const buy = repeat503(async (input, init) => GET(new Request(input, init)), { ...atOnce, onRepeat });
    const answer = await buy(url, { headers: paymentHeader(payload) });
    expect([seen, answer.status, shop.controls.counts().transfers]).toEqual([[504], 200, 1]);
  });

  /** A shop that fails once after the settlement, and its customer's fetch. */
  async function scene() {
    let runs = 0;
    const gate = shop.gate(undefined, { order: "settle-then-serve", onHandlerError: () => undefined });
    const GET = paid(gate, () => {
      runs += 1;
      return runs === 1 ? new Response("", { status: 500 }) : Response.json({ quote: 42 });
    });
    const { account } = customerOf(await shop.controls.payer());
    const client = new x402Client().register("eip155:*", new ExactEvmScheme(account));
    const toShop: typeof fetch = (input, init) => GET(new Request(input, init));
    return { client, toShop };
  }

  test("alone signs anew after a 503, and pays twice", async () => {
    const { client, toShop } = await scene();
    const buy = wrapFetchWithPayment(toShop, client);
    expect([(await buy(url)).status, (await buy(url)).status]).toEqual([503, 200]);
    expect(shop.controls.counts().transfers).toBe(2);
  });

  test("with repeat503 pays once, and gets what it paid for", async () => {
    const { client, toShop } = await scene();
    const buy = wrapFetchWithPayment(repeat503(toShop, atOnce), client);
    const answer = await buy(url);
    expect([answer.status, await answer.json()]).toEqual([200, { quote: 42 }]);
    expect(shop.controls.counts().transfers).toBe(1);
  });
});
