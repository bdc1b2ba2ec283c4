// A burst where no session is sold: on the price of a route, against a gateway that is played.

import { once } from "node:events";
import { createServer } from "node:http";
import { readGatewayConfig } from "@tollbooth-stores/example";
import { testConfig } from "@tollbooth-stores/sandbox";
import { afterEach, expect, test } from "vitest";
import type { Instances } from "../../fleet/instances.ts";
import { portOf } from "../../process/port-of.ts";
import { NotNow } from "./action.ts";
import { burst } from "./burst.ts";

const instances: Instances = {
  list: () => [],
  take: () => undefined,
  scaleTo: async () => undefined,
  roll: async () => undefined,
  restart: async () => undefined,
  kill: () => undefined,
  stop: async () => undefined,
  failed: new Promise(() => undefined),
};

let stop: () => void = () => undefined;
afterEach(() => stop());

/** What a burst says of a gateway that lets `admits` requests through, and says that it lets `limit`. */
async function burstOn(admits: number, limit: number) {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(asked <= admits ? 402 : 429, { "retry-after": "7" }).end('{"error":"payment_required"}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stop = () => void server.close();
  const env = {
    FACILITATOR_URL: "http://127.0.0.1:9",
    CHAIN_URL: "http://127.0.0.1:9",
    UPSTREAM_URL: "http://127.0.0.1:9",
  };
  const config = await readGatewayConfig(testConfig, env);
  const routes = config.routes.filter(({ kind }) => kind === "per-request");
  const limits = { ...config.limits, perIp: { limit, window: 60_000 } };
  const { url } = portOf(server, "127.0.0.1");
  const context = { url, config: { ...config, routes, limits }, instances, lastPayment: undefined };
  return { ...(await burst(context)), context };
}

test("ends at the first 429, and says how many were admitted", async () => {
  const { ok, outcome, answers, curl, context } = await burstOn(7, 7);
  expect([ok, outcome]).toEqual([true, "7 admitted, 3 refused with 429: 7 in 60 s are allowed."]);
  expect(answers).toHaveLength(10);
  expect(answers.at(-1)).toMatchObject({ request: "GET /quote", status: 429, note: "retry after 7 s" });
  expect(curl).toEqual([`curl -i ${context.url}/quote`]);
});

test("says where more were admitted than are allowed", async () => {
  const { ok, outcome } = await burstOn(12, 5);
  expect([ok, outcome]).toEqual([false, "12 admitted, where 5 in 60 s are allowed."]);
});

test("gives up after fifty requests", async () => {
  const { ok, outcome, answers } = await burstOn(1_000, 300);
  expect([ok, outcome]).toEqual([false, "No limit was met in 50 requests: 300 in 60 s are allowed."]);
  expect(answers).toHaveLength(50);
});

test("where nothing is sold there is nothing to ask for", async () => {
  const { context } = await burstOn(1, 1);
  await expect(burst({ ...context, config: { ...context.config, routes: [] } })).rejects.toThrow(NotNow);
});
