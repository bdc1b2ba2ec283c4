// The player against a server that does as told: what it sends, when it sends it again, and when it gives up.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { portOf } from "../process/port-of.ts";
import { rules } from "./hand-made-lane.test-support.ts";
import { type Player, type PlayerOptions, player } from "./play.ts";
import { requestsOf, type TraceEvent } from "./trace.ts";
import type { Wallets } from "./wallets.ts";

interface Got {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const wallets: Wallets = {
  signed: new Map(),
  headersFor: async ({ payment }) => ({ "PAYMENT-SIGNATURE": `signed ${payment}` }),
};

type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

/** A server, what it got, and a player of it. */
async function serving(
  answer: Answer,
  keys = wallets,
  settling?: PlayerOptions["settling"],
): Promise<{ got: Got[]; played: Player }> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    got.push({ method, url, headers });
    answer(request, response, got.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { url } = portOf(server, "127.0.0.1");
  return { got, played: player({ url, routes: rules.routes, wallets: keys, settling }) };
}

const ok: Answer = (_request, response) => void response.end("{}");
const client = "192.0.2.1";
const pay: TraceEvent = { at: 0, client, action: "pay", payment: "A" };
const requests = (...events: readonly TraceEvent[]) => requestsOf(events, "t");

describe("a request", () => {
  test("names itself, and comes as the edge proxy passes it on", async () => {
    const { got, played } = await serving(ok);
    const odd: TraceEvent = {
      at: 0,
      client,
      action: "ask",
      route: "/report",
      forwardedFor: "10.9.9.9",
      userAgent: "odd/1",
    };
    await played.play(requests(pay, odd));
    got.sort((a, b) => a.url.localeCompare(b.url));
    expect(got[0]).toMatchObject({
      url: "/quote",
      headers: { "x-request-id": "t-1", "x-forwarded-for": client, "payment-signature": "signed A" },
    });
    expect(got[1]).toMatchObject({
      url: "/report",
      headers: { "x-request-id": "t-2", "x-forwarded-for": `10.9.9.9, ${client}`, "user-agent": "odd/1" },
    });
    expect(got[1]?.headers["payment-signature"]).toBeUndefined();
    expect(played.sent.get("t-1")).toMatchObject({ times: 1, finished: true, status: 200, problem: undefined });
  });

  test("is not sent before its instant, which a speed brings nearer", async () => {
    const { got, played } = await serving(ok);
    const begun = performance.now();
    await played.play(requests(pay, { ...pay, at: 2_000 }), { speed: 10 });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(195);
    expect(got).toHaveLength(2);
  });

  test("is sent again after 503, with the same payment and name, and not before Retry-After", async () => {
    const at: number[] = [];
    const { got, played } = await serving((_request, response, nth) => {
      at.push(performance.now());
      if (nth === 1) response.writeHead(503, { "retry-after": "1" });
      response.end("{}");
    });
    await played.play(requests(pay));
    expect(got).toHaveLength(2);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(990);
    expect(got[1]?.headers).toMatchObject({ "x-request-id": "t-1", "payment-signature": "signed A" });
    expect(played.sent.get("t-1")).toMatchObject({ times: 2, status: 200 });
  });

  test("is sent again after a lost connection, and after half an answer", async () => {
    const { got, played } = await serving((request, response, nth) => {
      if (nth === 1) request.socket.destroy();
      else if (nth === 2) {
        response.writeHead(200, { "content-length": "100" });
        response.write("half", () => request.socket.destroy());
      } else response.end("{}");
    });
    await played.play(requests(pay));
    expect(got).toHaveLength(3);
    expect(played.sent.get("t-1")).toMatchObject({ times: 3, status: 200, problem: undefined });
  });

  test.each([402, 409, 429, 500, 502])("is not sent again after %i", async (status) => {
    const { got, played } = await serving((_request, response) => void response.writeHead(status).end("{}"));
    await played.play(requests(pay));
    expect(got).toHaveLength(1);
    expect(played.sent.get("t-1")).toMatchObject({ times: 1, status });
  });

  test("that can be signed at the second try is sent", async () => {
    let tries = 0;
    const late: Wallets = {
      ...wallets,
      async headersFor() {
        tries += 1;
        if (tries === 1) throw new Error("no price yet");
        return {};
      },
    };
    const { got, played } = await serving(ok, late);
    await played.play(requests(pay));
    expect([got.length, tries]).toEqual([1, 2]);
  });
});

describe("an Idempotency-Key", () => {
  test("is the client's own, the same for its payment each time, and another one than any other client's", async () => {
    const { got, played } = await serving((_request, response, nth) => {
      response.writeHead(nth === 1 ? 503 : 200).end("{}");
    });
    await played.play(requests(pay));
    await played.play(requestsOf([pay, { ...pay, client: "192.0.2.66" }, { ...pay, payment: "B" }], "u"));
    const keys = got.map(({ headers }) => headers["idempotency-key"]);
    expect(keys.filter((key) => key === `${client} A`)).toHaveLength(3);
    expect(new Set(keys)).toEqual(new Set([`${client} A`, "192.0.2.66 A", `${client} B`]));
  });
});

describe("a client that hangs up", () => {
  const hangingUp: TraceEvent = { ...pay, hangUp: true };

  test("does so once its payment is being settled, and asks again until it has its answer", async () => {
    const closed: boolean[] = [];
    let arrived = () => {};
    const settles = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { got, played } = await serving(
      (request, response, nth) => {
        arrived();
        request.socket.once("close", () => closed.push(!response.writableEnded));
        if (nth > 1) response.end("{}");
      },
      wallets,
      (payment) => (payment === "A" ? settles : new Promise(() => undefined)),
    );
    await played.play(requests(hangingUp));
    expect(got).toHaveLength(2);
    expect(closed[0]).toBe(true);
    expect(got[1]?.headers).toMatchObject({
      "payment-signature": "signed A",
      "idempotency-key": got[0]?.headers["idempotency-key"],
    });
    expect(played.sent.get("t-1")).toMatchObject({ times: 2, status: 200, hungUp: true, problem: undefined });
  });

  test("has its answer where that comes first", async () => {
    let ended = false;
    const { got, played } = await serving(ok, wallets, (_payment, signal) => {
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          ended = true;
          reject(signal.reason);
        });
      });
    });
    await played.play(requests(hangingUp));
    expect([got.length, ended]).toEqual([1, true]);
    expect(played.sent.get("t-1")).toMatchObject({ times: 1, status: 200 });
    expect(played.sent.get("t-1")?.hungUp).toBeUndefined();
  });

  test("is no other client", async () => {
    const { got, played } = await serving(ok, wallets, async () => undefined);
    await played.play(requests(pay));
    expect(got).toHaveLength(1);
    expect(played.sent.get("t-1")?.hungUp).toBeUndefined();
  });
});

describe("a session", () => {
  const events: TraceEvent[] = [
    { at: 0, client, action: "buy", session: "S", payment: "A" },
    { at: 1, client, action: "use", session: "S" },
  ];

  test("is used once its token has come, also by a later play", async () => {
    const { got, played } = await serving((request, response) => {
      if (request.headers["payment-signature"] === undefined) response.end("{}");
      else setTimeout(() => response.writeHead(201).end(JSON.stringify({ session: "token" })), 50);
    });
    const [buy, use] = requests(...events);
    if (buy === undefined || use === undefined) throw new Error("Two requests were planned.");
    await played.play([buy]);
    await played.play([use], { from: 0 });
    expect(got[1]?.headers.authorization).toBe("Bearer token");
    await played.play(
      requests(...events.map((event) => ({ ...event, session: "other" }))).map((one) => ({ ...one, id: `x${one.id}` })),
    );
    expect(got.slice(2).map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer token"]);
  });

  test("that was over when it was told is not used, and is no content", async () => {
    const body = JSON.stringify({ session: "token", expiresAt: new Date(Date.now() - 1).toISOString() });
    const { played } = await serving((_request, response) => void response.writeHead(201).end(body));
    await played.play(requests(...events));
    expect(played.sent.get("t-1")).toMatchObject({ status: 201, over: true });
    expect(played.sent.get("t-2")).toMatchObject({ times: 0, problem: "no-session" });
  });

  test("that was not sold is not used, and that is told", async () => {
    const { got, played } = await serving((_request, response) => void response.writeHead(409).end("{}"));
    await played.play(requests(...events));
    expect(got).toHaveLength(1);
    expect(played.sent.get("t-2")).toMatchObject({ times: 0, finished: true, problem: "no-session" });
  });
});

test("an aborted play ends at once, leaves what it has begun unfinished, and says why", async () => {
  const { got, played } = await serving(() => undefined);
  const stop = new AbortController();
  const reason = new Error("enough");
  const playing = played.play(requests(pay, { ...pay, at: 60_000 }), { signal: stop.signal });
  await expect.poll(() => got.length).toBe(1);
  stop.abort(reason);
  await expect(playing).rejects.toBe(reason);
  expect(played.sent.get("t-1")).toMatchObject({ finished: false });
});
