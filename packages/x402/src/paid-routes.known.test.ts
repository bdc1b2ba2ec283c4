// What a limit lets pass: a known payment, only for what it was taken for. And what a collector is.
import type { VerificationStore } from "@tollbooth-stores/core";
import { beforeLimit } from "@tollbooth-stores/http";
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { ask, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";

const shop = shopForEachTest();

const collector = ({ adapter }: { adapter: { getHeader(name: string): string | undefined } }) =>
  adapter.getHeader("idempotency-key");
const payment = async () => paymentHeader((await makePayment(await shop.controls.payer())).payload);

test("a payment that a limit lets pass is one for the very purchase only: no other query, route, collector or method, and no upgrade", async () => {
  const routes = { "/quote": { accepts: oneCent }, "GET /same": { accepts: oneCent } };
  const gate = shop.gate(routes, { collector });
  const headers = { ...(await payment()), "idempotency-key": "mine" };
  expect(await ask(gate, handler(), requestTo("/quote?a=1", headers))).toMatchObject({ status: 200 });
  const asks = (path: string, more = {}, method = "GET") =>
    gate.knows(requestTo(path, { ...headers, ...more }, { method }));
  expect(await asks("/quote?a=1")).toBe(true);
  const others = [asks("/quote?a=2"), asks("/same"), asks("/quote?a=1", { "idempotency-key": "other" })];
  const odd = [asks("/quote?a=1", {}, "OPTIONS"), asks("/quote?a=1", { upgrade: "websocket" })];
  const preflight = asks("/quote?a=1", { "access-control-request-method": "GET" }, "OPTIONS");
  expect(await Promise.all([...others, ...odd, preflight])).toEqual(Array(6).fill(false));
  const limit = (path: string) => beforeLimit([gate], () => requestTo(path, headers));
  expect([await limit("/quote?a=1"), await limit("/quote?a=2")]).toEqual(["pass", "take"]);
});

test("it is told by the payment alone where its verification is forgotten, or a body has yet to be read", async () => {
  const headers = { ...(await payment()), "idempotency-key": "mine" };
  const post = { method: "POST" };
  const gate = shop.gate({ "/quote": { accepts: oneCent } }, { collector });
  const body = new TextEncoder().encode("an order");
  expect(await ask(gate, handler(), requestTo("/quote", headers, post), body)).toMatchObject({ status: 200 });
  expect(await gate.knows(requestTo("/quote", headers, post))).toBe(true);
  for (const more of [{ "content-length": "8" }, { "transfer-encoding": "chunked" }]) {
    expect(await gate.knows(requestTo("/quote", { ...headers, ...more }))).toBe(true);
  }
  expect(await gate.knows(requestTo("/quote", { ...headers, "content-length": "0" }))).toBe(false);
  const { verifications } = shop.stores;
  const forgetful: VerificationStore = {
    ...verifications,
    claim: (name, ...given) => verifications.claim(String(name).startsWith("v:") ? `${name} gone` : name, ...given),
  };
  const other = shop.gate({ "/quote": { accepts: oneCent } }, { collector, store: forgetful });
  expect(await other.knows(requestTo("/quote", headers))).toBe(true);
});

test("an empty collector is none: the payment is sold, and a copy is 409", async () => {
  const gate = shop.gate(undefined, { collector: () => "" });
  const headers = await payment();
  const told = [];
  for (let time = 0; time < 2; time += 1) told.push((await ask(gate, handler(), requestTo("/quote", headers)))?.status);
  expect(told).toEqual([200, 409]);
});
