// A shop on Next's app router, and a program that buys from it by the SDK's own client.

/** Of the x402 README: the program that has this word in it. */
export function readmeProgramWith(readme: string, word: string): string {
  const programs = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = ""]) => code);
  const found = programs.find((code) => code.includes(word));
  if (found === undefined) throw new Error(`The README has no program with ${word}.`);
  return found;
}

const gate = `import { createMemoryStores } from "@tollbooth-stores/memory";
import { paidRoutes } from "@tollbooth-stores/x402";
import { HTTPFacilitatorClient } from "@x402/core/http";
import { x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";

const facilitator = new HTTPFacilitatorClient({ url: process.env.FACILITATOR_URL ?? "http://127.0.0.1:1" });
const server = new x402ResourceServer(facilitator).register("eip155:84532", new ExactEvmScheme());
const payTo = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
const accepts = { scheme: "exact", network: "eip155:84532", payTo, price: "$0.01" } as const;
export const gate = paidRoutes(server, { "GET /quote/:id": { accepts }, "POST /quote/:id": { accepts } }, {
  store: createMemoryStores().verifications,
  origin: "https://api.example",
  findSettlement: async () => "unknown",
});
export const proxied = paidRoutes(server, { "GET /proxied": { accepts } }, {
  store: createMemoryStores().verifications,
  origin: "https://api.example",
  findSettlement: async () => "unknown",
  collector: () => "mine",
  answers: { headers: ["x-middleware-next"] },
});
`;

/** As the README says not to do it. */
const proxy = `import { paid } from "@tollbooth-stores/x402/fetch";
import { NextResponse } from "next/server";
import { proxied } from "./gate";

export const config = { matcher: "/proxied" };
export const proxy = paid(proxied, () => NextResponse.next());
`;

const counting = `let runs = 0;
export const dynamic = "force-dynamic";
export const GET = () => Response.json({ runs: ++runs });
`;

const route = `import { paid, paymentOf } from "@tollbooth-stores/x402/fetch";
import type { NextRequest } from "next/server";
import { gate } from "../../../gate";
import { limited } from "../../../limited";

type Place = { params: Promise<{ id: string }> };
export const GET = limited(gate, paid(gate, async (request: NextRequest, { params }: Place) => {
  const currency = request.nextUrl.searchParams.get("currency");
  return Response.json({ id: (await params).id, currency, isPaid: paymentOf(request) !== undefined });
}));
export const POST = paid(gate, async (request: NextRequest) => Response.json({ told: await request.json() }));
`;

/** Prints one line of JSON: what came of each request, and how often money moved. */
const buy = `import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { x402Client } from "@x402/core/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment } from "@x402/fetch";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const network = "eip155:84532";
let settled = 0;
const facilitator = createServer((request, response) => {
  request.resume().on("end", () => {
    if (request.url === "/settle") settled += 1;
    const answers = {
      "/supported": { kinds: [{ x402Version: 2, scheme: "exact", network }], extensions: [], signers: {} },
      "/verify": { isValid: true },
      "/settle": { success: true, transaction: "0x" + "ab".repeat(32), network },
    };
    response.setHeader("content-type", "application/json").end(JSON.stringify(answers[request.url]));
  });
});
await new Promise((resolve) => facilitator.listen(0, "127.0.0.1", resolve));
const env = { ...process.env, FACILITATOR_URL: "http://127.0.0.1:" + facilitator.address().port };
const start = ["node_modules/next/dist/bin/next", "start", "--hostname", "127.0.0.1", "--port", "0"];
const next = spawn(process.execPath, start, { env, stdio: ["ignore", "pipe", "inherit"] });
const results = {};
try {
  let said = "";
  const origin = await new Promise((resolve, reject) => {
    next.once("exit", () => reject(new Error("Next ended: " + said)));
    next.stdout.on("data", (text) => {
      said += text;
      const [, url] = /Local: +(http\\S+)[^]*Ready/.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  const headers = { "x-forwarded-for": "203.0.113.7" };
  const quote = origin + "/quote/7?currency=eur";
  let sent;
  const client = new x402Client().register("eip155:*", new ExactEvmScheme(privateKeyToAccount(generatePrivateKey())));
  const buy = wrapFetchWithPayment((...given) => {
    sent = new Request(...given);
    return fetch(sent.clone());
  }, client);
  const unpaid = await fetch(quote, { headers });
  results.unpaid = [unpaid.status, unpaid.headers.get("x-ratelimit-remaining")];
  const sold = await buy(quote, { headers });
  results.sold = [sold.status, await sold.json(), sold.headers.has("payment-response"), settled];
  results.copied = [(await fetch(sent.clone())).status, settled];
  const body = JSON.stringify({ a: 1 });
  const told = await buy(origin + "/quote/8", { method: "POST", body, headers: { "content-type": "application/json" } });
  results.posted = [told.status, await told.json(), settled];
  const passed = [await buy(origin + "/proxied"), await fetch(sent.clone()), await fetch(sent.clone())];
  results.proxied = [...(await Promise.all(passed.map((answer) => answer.json()))), settled];
  results.head = (await fetch(quote, { method: "HEAD", headers })).status;
} finally {
  next.kill();
  facilitator.close();
}
console.log(JSON.stringify(results));
`;

/** By path. `limited`: the README's limit of a fetch handler. */
export const nextShop = (limited: string): Record<string, string> => ({
  "gate.ts": gate,
  "limited.ts": limited,
  "app/quote/[id]/route.ts": route,
  "app/proxied/route.ts": counting,
  "proxy.ts": proxy,
  "buy.mjs": buy,
});
