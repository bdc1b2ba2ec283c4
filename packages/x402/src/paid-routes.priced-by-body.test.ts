// A price function reads the body that is sold, as the handler does: of any caller of the gate, and with fetch.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import type { HTTPRequestContext } from "@x402/core/http";
import { expect, test, vi } from "vitest";
import { paid } from "./fetch.ts";
import { ask, handler, oneCent, requestTo, required, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const bodyOf = ({ adapter }: HTTPRequestContext): unknown => adapter.getBody?.();
const price = (request: HTTPRequestContext) => (Object(bodyOf(request)).model === "large" ? "$5" : "$0.01");
const gate = (of: typeof price = price) =>
  shop.gate({ "POST /chat": { accepts: { ...oneCent, price: of } } }, { collector: () => "mine" });
const payment = async () => paymentHeader((await makePayment(await shop.controls.payer())).payload);
const chat = (headers: Record<string, string> = {}) => requestTo("/chat", headers, { method: "POST" });
const bytes = (text: string) => new TextEncoder().encode(text);
const amounts = (answer: Parameters<typeof required>[0]) => required(answer).accepts.map(({ amount }) => amount);

const bodies: [what: string, body: string, price: string][] = [
  ["JSON", '{"model":"large"}', "5000000"],
  ["other JSON", '{"model":"small"}', "10000"],
  ["JSON that names it twice, of which the last counts", '{"model":"small","model":"large"}', "5000000"],
  ["JSON with a byte order mark", '\uFEFF{"model":"large"}', "5000000"],
];

test.each(bodies)("%s: a gate's caller whose adapter has no body is asked the price of the bytes", async (...row) => {
  const [, body, amount] = row;
  const serve = handler();
  const answer = await ask(gate(), serve, chat(await payment()), bytes(body));
  expect(answer?.status).toBe(amount === "10000" ? 200 : 402);
  if (answer?.status === 402) expect(amounts(answer)).toEqual([amount]);
  expect(serve).toHaveBeenCalledTimes(amount === "10000" ? 1 : 0);
});

// `request.json()` does not ask for the content type, so no content type makes it another price.
test.each(["application/json", "text/plain", "application/x-www-form-urlencoded", undefined])(
  "with fetch a cheap payment buys nothing dear of a body that says %s",
  async (type) => {
    const made = vi.fn(async (request: Request) => Response.json(await request.json()));
    const POST = paid(gate(), made);
    const send = (model: string, headers: Record<string, string>) => {
      const body = bytes(JSON.stringify({ model }));
      const sent = { ...headers, ...(type !== undefined && { "content-type": type }) };
      return POST(new Request("http://made-up.example/chat", { method: "POST", body, headers: sent }));
    };
    const dear = await send("large", await payment());
    expect([dear.status, amounts({ headers: Object.fromEntries(dear.headers) })]).toEqual([402, ["5000000"]]);
    expect(made).not.toHaveBeenCalled();
    expect((await send("small", await payment())).status).toBe(200);
  },
);

test("it is the value of JSON, the bytes of any other body, and undefined where there is none", async () => {
  const seen: unknown[] = [];
  const noting = gate((request) => {
    seen.push(bodyOf(request));
    return "$0.01";
  });
  const sent = ["7", "null", "model=large", '{"model":', ""];
  for (const body of sent) expect((await ask(noting, handler(), chat(), bytes(body)))?.status).toBe(402);
  expect(seen).toEqual([7, null, bytes("model=large"), bytes('{"model":'), undefined]);
});

test("an adapter's own body is what its handler reads, and stays", async () => {
  const own = chat();
  class Adapter {
    readonly body = { model: "large" };
    getBody() {
      return this.body;
    }
  }
  const adapter = Object.assign(new Adapter(), own.adapter);
  const answer = await ask(gate(), handler(), { ...own, adapter }, bytes('{"model":"small"}'));
  expect(amounts(answer)).toEqual(["5000000"]);
});

test("no price is asked before the body is read: not by sells, and not by knows", async () => {
  const asked = vi.fn(price);
  const gateway = gate(asked);
  const headers = await payment();
  expect((await ask(gateway, handler(), chat(headers), bytes('{"model":"small"}')))?.status).toBe(200);
  const times = asked.mock.calls.length;
  expect([gateway.sells(chat(headers)), await gateway.knows(chat(headers))]).toEqual([true, true]);
  expect([times, asked.mock.calls.length]).toEqual([1, 1]);
});
