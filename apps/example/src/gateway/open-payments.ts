// Payments that did not simply go through: looked into at the start and every minute, and told in the log by their handles.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type PaymentMessage, paymentChannel, reconcileUnresolved, type Stores } from "@tollbooth-stores/core";
import { lookUp } from "./chain-lookup.ts";
import type { GatewayConfig } from "./gateway-config.ts";

const everyMs = 60_000;

/**
 * Asks the chain about the payments whose outcome nobody knows, so that none stays in doubt because its payer does not
 * come back, and logs one line for each payment that needs an eye. Several instances may do it at once. Returns what ends it.
 */
export function watchOpenPayments(
  config: GatewayConfig,
  { verifications }: Pick<Stores, "verifications">,
  log: (line: string) => void = console.log,
): () => Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  const onPayment = (message: unknown) => {
    if (!isPaymentMessage(message)) return;
    log(`gateway: payment ${message.event} (attempt ${message.attempt}), handle ${message.handle}`);
  };
  subscribe(paymentChannel, onPayment);

  let running: Promise<void> | undefined;
  const lookInto = async () => {
    try {
      const options = { signal, leaseMs: config.paymentLeaseMs };
      const found = await reconcileUnresolved(verifications, (_, { reference }) => lookUp(config, reference), options);
      const said = Object.entries(found).flatMap(([what, count]) => (count > 0 ? [`${what} ${count}`] : []));
      if (said.length > 0) log(`gateway: open payments: ${said.join(", ")}`);
    } catch (error) {
      if (!signal.aborted) log(`gateway: open payments: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const start = () => {
    running ??= lookInto().finally(() => {
      running = undefined;
    });
  };
  start();
  const timer = setInterval(start, everyMs).unref();
  return async () => {
    clearInterval(timer);
    stop.abort();
    await running;
    unsubscribe(paymentChannel, onPayment);
  };
}

function isPaymentMessage(message: unknown): message is PaymentMessage {
  return typeof message === "object" && message !== null && "handle" in message;
}
