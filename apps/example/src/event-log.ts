// What becomes of the stores' connections and of payments in doubt, in the log. Of connection events that are alike, one line a second.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ConnectionMessage, connectionChannel, type PaymentMessage, paymentChannel } from "@tollbooth-stores/core";

/** Returns a function that ends the log. */
export function logEvents(log: (line: string) => void = console.log): () => void {
  const lately = new Map<string, number>();
  const onConnection = (message: unknown) => {
    const { provider, purpose, server, event, reason, downMs } = message as ConnectionMessage;
    const kind = `gateway: ${provider} (${purpose}) ${server ?? ""}: ${event}`;
    const told = event === "unsafe" ? `${kind} ${reason}` : kind;
    const count = lately.get(told);
    lately.set(told, (count ?? 0) + 1);
    if (count !== undefined) return;
    const down = downMs === undefined ? undefined : `after ${Math.round(downMs)} ms`;
    log([kind, reason, down].filter((part) => part !== undefined).join(", "));
    setTimeout(() => {
      const more = (lately.get(told) ?? 1) - 1;
      lately.delete(told);
      if (more > 0) log(`${kind} (${more} more like it)`);
    }, 1_000).unref();
  };
  const onPayment = (message: unknown) => {
    const { event, attempt, handle } = message as PaymentMessage;
    // Every caller that is told to ask again is no news.
    if (event !== "pending") log(`gateway: payment ${event} (attempt ${attempt}), handle ${handle}`);
  };
  subscribe(connectionChannel, onConnection);
  subscribe(paymentChannel, onPayment);
  return () => {
    unsubscribe(connectionChannel, onConnection);
    unsubscribe(paymentChannel, onPayment);
  };
}
