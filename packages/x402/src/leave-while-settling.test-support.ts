// A payer that is charged and gets nothing: it leaves while its payment is being settled.
import type { RequestContext } from "@tollbooth-stores/http";
import { expect, vi } from "vitest";
import { ask, handler, type Shop } from "./paid-routes.test-support.ts";
import type { PaidRoutes } from "./paid-routes.ts";

/** `request` makes one whose client goes as `signal` says. The gate settles first. */
export async function leaveWhileSettling(
  shop: Shop,
  gate: PaidRoutes,
  request: (signal: AbortSignal) => RequestContext,
  body?: Uint8Array,
): Promise<void> {
  const leaving = new AbortController();
  const settle = shop.facilitator.settle.bind(shop.facilitator);
  let settled: Promise<unknown> | undefined;
  vi.spyOn(shop.facilitator, "settle").mockImplementationOnce((...given) => {
    leaving.abort(new Error("left"));
    const settling = settle(...given);
    settled = settling;
    return settling;
  });
  await expect(ask(gate, handler(), request(leaving.signal), body)).rejects.toThrow("left");
  await settled;
  await vi.waitFor(async () => {
    const seen: string[] = [];
    for await (const { kind } of shop.stores.verifications.unresolved()) seen.push(kind);
    expect(seen).toEqual(["owed"]);
  });
  vi.restoreAllMocks();
}
