// A shop in a process of its own: the gate over Redis behind an HTTP port. Run by two-instances.test.ts.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { HTTPFacilitatorClient } from "@x402/core/http";
import { paid } from "./fetch.ts";
import { cent, chainLookup, origin, sdkServer } from "./paid-routes.test-support.ts";
import { paidRoutes } from "./paid-routes.ts";

const { REDIS_URL = "", FACILITATOR_URL = "", CHAIN_URL = "" } = process.env;
const stores = createIoredisStores({ connection: { url: REDIS_URL } });
const gate = paidRoutes(sdkServer(new HTTPFacilitatorClient({ url: FACILITATOR_URL })), cent("/quote"), {
  store: stores.verifications,
  origin,
  findSettlement: chainLookup(CHAIN_URL),
  collector: ({ adapter }) => adapter.getHeader("idempotency-key"),
  leaseMs: 1_000,
});
const shop = paid(gate, () => {
  const made = randomUUID();
  process.send?.({ made });
  return new Response(made, { headers: { "content-type": "text/plain" } });
});

await stores.check();
await gate.initialize();
const http = createServer(getRequestListener((request) => shop(request)));
http.listen(0, "127.0.0.1", () => process.send?.(http.address()));
process.once("disconnect", () => process.exit());
