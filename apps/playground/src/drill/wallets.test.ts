// Payers ask for prices before they sign; that must not use up what the trace's own clients may have.

import { once } from "node:events";
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { portOf } from "../process/port-of.ts";
import { wallets } from "./wallets.ts";

test("prices are asked for under an address that no client of a trace has", async () => {
  const seen: unknown[] = [];
  const gateway = createServer((request, response) => {
    seen.push(request.headers["x-forwarded-for"]);
    response.writeHead(500).end("{}");
  });
  await once(gateway.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void gateway.close());
  const { url } = portOf(gateway, "127.0.0.1");
  const payers = wallets(url, url, new Map());
  const request = {
    id: "t-1",
    at: 0,
    client: "127.0.0.1",
    route: "/quote",
    action: "pay",
    payment: "A",
    payer: "a",
  } as const;
  await expect(payers.headersFor(request)).rejects.toThrow("Expected 402");
  expect(seen).toEqual(["100::1"]);
});
