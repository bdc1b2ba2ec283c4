// The facilitator's side of payOnce, step by step.
import { makePayment } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { inProcessGateway } from "../testing/in-process-gateway.ts";
import { readPayment } from "./payment-header.ts";
import { paymentSteps } from "./payment-steps.ts";
import { priceRoute } from "./requirements.ts";

const running = inProcessGateway();

test("neither settles, nor settles again to find out, once its lease is lost", async () => {
  const { config, controls, payer } = running();
  const [route] = config.routes;
  if (route === undefined) throw new Error("no route");
  const price = await priceRoute(config, route);
  const { payload } = await makePayment(payer);
  const header = Buffer.from(JSON.stringify(payload)).toString("base64");
  const read = await readPayment(new Headers({ "payment-signature": header }), price);
  if (read.status !== "signed") throw new Error(read.status);
  const steps = paymentSteps(config, read.payment);
  const signal = AbortSignal.abort(new Error("the lease was lost"));
  const note = async () => undefined;
  await expect(steps.settle({ signal, fence: "1", note })).rejects.toThrow("the lease was lost");
  await expect(steps.findSettlement(undefined, { signal, fence: "1" })).rejects.toThrow("the lease was lost");
  expect(controls.logged("facilitator", "settle")).toEqual([]);
});
