// A handler whose answers can be settled and sent.
import { isUint8Array } from "node:util/types";
import type { Answer, Serve } from "@tollbooth-stores/http";

/** Refuses, while nothing is charged, an answer that could not be sent, and one at which `requireSettleable` throws. */
export function sellable(serve: Serve, requireSettleable: ((answer: Answer) => void) | undefined): Serve {
  return async (payment) => {
    const answer = await serve(payment);
    const { status, headers, body }: Partial<Record<keyof Answer, unknown>> = Object(answer);
    const isSendable = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
    if (!isSendable || typeof headers !== "object" || headers === null || !isUint8Array(body)) {
      throw new TypeError("An answer needs a status from 200 to 599, headers, and a body of bytes.");
    }
    if (status === 304) {
      throw new TypeError(
        "A payment buys the whole answer, and 304 is none. Hide the request's conditional headers from its handler: if-none-match, " +
          "if-modified-since and the others of `hiddenHeaders(method)` of @tollbooth-stores/http.",
      );
    }
    requireSettleable?.(answer);
    return answer;
  };
}
