// A shop as a fetch handler, such as a Next route's `GET`. It needs REDIS_URL, FACILITATOR_URL and RPC_URL; PORT is 3000.
// npm install @tollbooth-stores/ioredis @tollbooth-stores/x402 @hono/node-server @x402/core @x402/evm ioredis viem
import { serve } from "@hono/node-server";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { evmSettlements, paidRoutes } from "@tollbooth-stores/x402";
import { paid } from "@tollbooth-stores/x402/fetch";
import { HTTPFacilitatorClient } from "@x402/core/http";
import { x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { createPublicClient, http } from "viem";

let made = 0;
function quote() {
  made += 1;
  console.log(`quote ${made}`);
  return { quote: `${process.pid}-${made}` };
}
const { REDIS_URL = "", FACILITATOR_URL = "", RPC_URL, PORT = "3000" } = process.env;
const stores = createIoredisStores({ connection: { url: REDIS_URL } });
const facilitator = new HTTPFacilitatorClient({ url: FACILITATOR_URL });
const server = new x402ResourceServer(facilitator).register("eip155:84532", new ExactEvmScheme());
const payTo = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
const accepts = { scheme: "exact", network: "eip155:84532", payTo, price: "$0.01" } as const;
const findSettlement = evmSettlements(createPublicClient({ transport: http(RPC_URL) }));
const base = { store: stores.verifications, origin: "https://shop.example", findSettlement };
const routes = { "GET /quote": { accepts } };
const gate = paidRoutes(server, routes, { ...base, collector: ({ adapter }) => adapter.getHeader("idempotency-key") });
export const GET = paid(gate, async () => Response.json(quote()));
serve({ fetch: GET, port: Number(PORT) });
