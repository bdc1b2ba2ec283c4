// What a listing of payments skips: records that cannot be read. The stores tell of them on the payment channel only.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type PaymentMessage, paymentChannel } from "@tollbooth-stores/core";

/** Runs a listing. `unreadable`: the handles of what it could not read, each once. */
export async function hearUnreadable<T>(list: () => Promise<T>): Promise<{ result: T; unreadable: readonly string[] }> {
  const handles = new Set<string>();
  const hear = (message: unknown) => {
    const { event, handle }: Partial<PaymentMessage> = Object(message);
    if (event === "unreadable" && handle !== undefined) handles.add(handle);
  };
  subscribe(paymentChannel, hear);
  try {
    return { result: await list(), unreadable: [...handles] };
  } finally {
    unsubscribe(paymentChannel, hear);
  }
}

/** In words: a payment among them may be in doubt, or owed. */
export function unreadableText(count: number): string {
  return `Records of payments that cannot be read: ${count}. Each payment is refused until its record can be.`;
}
