// Why the gate is not offered as Next's proxy: the same gate in that form charges for what is not delivered, and lets every copy through.
// The framework is played here by its rule: the route runs where the proxy's response has `x-middleware-next`, and makes the answer.
import { readFileSync } from "node:fs";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test, vi } from "vitest";
import { paid } from "./fetch.ts";
import { shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

type Route = (request: Request) => Response | Promise<Response>;
/** As `NextResponse.next()` makes it. */
const goOn = () => new Response(null, { headers: { "x-middleware-next": "1" } });
const gate = () => shop.gate(undefined, { collector: () => "mine", answers: { headers: ["x-middleware-next"] } });

const asHandler = (route: Route): Route => paid(gate(), route);
function asProxy(route: Route): Route {
  const proxy = paid(gate(), goOn);
  return async (request) => {
    const answer = await proxy(request);
    return answer.headers.get("x-middleware-next") === "1" ? route(request) : answer;
  };
}

/** Of three copies of a paid request, two at once and one later: their statuses, the runs of the route, the transfers. */
async function sellTo(form: (route: Route) => Route, status: number) {
  const route = vi.fn(() => new Response("goods", { status }));
  const send = form(route);
  const headers = paymentHeader((await makePayment(await shop.controls.payer())).payload);
  const ask = async () => (await send(new Request("https://shop.example/quote", { headers }))).status;
  const statuses = [...(await Promise.all([ask(), ask()])), await ask()];
  return { statuses, runs: route.mock.calls.length, transfers: shop.controls.counts().transfers };
}

describe("as a route handler", () => {
  test("the gate sells three copies one run", async () => {
    expect(await sellTo(asHandler, 200)).toEqual({ statuses: [200, 200, 200], runs: 1, transfers: 1 });
  });

  test("the gate charges nothing for a failure", async () => {
    expect(await sellTo(asHandler, 500)).toMatchObject({ transfers: 0 });
  });
});

describe("as Next's proxy, which is not offered,", () => {
  test("the gate would sell three copies three runs for one payment", async () => {
    expect(await sellTo(asProxy, 200)).toEqual({ statuses: [200, 200, 200], runs: 3, transfers: 1 });
  });

  test("the gate would charge for a failure", async () => {
    expect(await sellTo(asProxy, 500)).toEqual({ statuses: [500, 500, 500], runs: 3, transfers: 1 });
  });

  test("the README says so, and no entry is for it", () => {
    const page = readFileSync(new URL("../README.md", import.meta.url), "utf8").replace(/\s+/g, " ");
    expect(page).toContain("**Not as Next's proxy or middleware.**");
    expect(page).toContain("a copy of a paid request that it lets through runs the route again.");
    const { exports }: { exports: object } = JSON.parse(
      readFileSync(new URL("../package.json", import.meta.url), "utf8"),
    );
    expect(Object.keys(exports)).toEqual([".", "./buyer", "./fetch", "./package.json"]);
  });
});
