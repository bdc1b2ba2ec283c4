// A payer: asks again after every answer that is none, as it is told, and never signs anew.
import { setTimeout as sleep } from "node:timers/promises";
import type { Book } from "./book.ts";
import { contentOf, digestOf, NO_FUNDS, type Told } from "./messages.ts";
import type { PlannedPayment } from "./plan.ts";
import type { Sellers } from "./sellers.ts";

/** What a payer ended with. */
export interface Ending {
  status: Told["status"] | "gave up";
  /** Whether it was the content, whole. */
  content: boolean;
}

/** Who has no word after `patienceMs` gives up. */
export async function payUntilKnown(
  payment: PlannedPayment,
  sellers: Sellers,
  book: Book,
  patienceMs: number,
): Promise<Ending> {
  const startedAt = performance.now();
  const validBeforeMs = book.validBeforeMs(payment.id);
  while (performance.now() - startedAt < patienceMs) {
    const { request, known } = book.open(payment.id);
    const askedInTime = Date.now() < validBeforeMs;
    const told = await sellers.pay({ request, payment, validBeforeMs }, (seller) => {
      known.seller = seller;
    });
    if (told === "lost" || told.status === "error") {
      await sleep(30);
      continue;
    }
    if (told.status === "pending") {
      await sleep(Math.min(told.retryAfterMs, 400));
      continue;
    }
    known.heard = true;
    // Refused for now: there are funds in a moment.
    if (told.status === "rejected" && told.reason === NO_FUNDS && askedInTime) {
      await sleep(30);
      continue;
    }
    const content = "digest" in told && told.digest === digestOf(contentOf(payment));
    return { status: told.status, content };
  }
  return { status: "gave up", content: false };
}
