// A shop on Express. Set REDIS_URL, FACILITATOR_URL, RPC_URL, PAY_TO and ORIGIN, where buyers reach all instances; PORT is 3000.
// npm install @tollbooth-stores/ioredis @tollbooth-stores/x402 @tollbooth-stores/express express @x402/core @x402/evm ioredis viem
import { paid } from "@tollbooth-stores/express";
import { createIoredisStores } from "@tollbooth-stores/ioredis";
import { evmSettlements, paidRoutes } from "@tollbooth-stores/x402";
import { HTTPFacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import express from "express";
import { createPublicClient, http } from "viem";

const { REDIS_URL = "", FACILITATOR_URL: url = "", RPC_URL, PAY_TO: payTo = "", ORIGIN: origin = "" } = process.env;
const { verifications: store } = createIoredisStores({ connection: { url: REDIS_URL } });
const x402 = new x402ResourceServer(new HTTPFacilitatorClient({ url })).register("eip155:84532", new ExactEvmScheme());
const routes = { "GET /quote": { accepts: { scheme: "exact", network: "eip155:84532", payTo, price: "$1" } } } as const;
const findSettlement = evmSettlements(createPublicClient({ transport: http(RPC_URL) }));
const base = { store, origin, findSettlement };
const gate = paidRoutes(x402, routes, { ...base, collector: ({ adapter }) => adapter.getHeader("idempotency-key") });
gate.initialize().catch(console.error); // a gate whose facilitator is away asks it again
gate.reconcileEvery(60_000);
const app = express().get("/quote", paid(gate), (_, response) => {
  console.log("quote");
  response.json({ quote: `${process.pid}-${crypto.randomUUID()}` });
});
app.listen(Number(process.env.PORT ?? 3000));
