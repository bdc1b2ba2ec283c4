// Who may press the dashboard's buttons: the holder of the key that the terminal printed at the start. Nothing is concluded
// from where a request comes from: behind a proxy everything comes from this machine.
import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** The header that carries the key. It is in no address, so no server on the way has it in its log. */
export const keyHeader = "x-dashboard-key";

/** "stranger": a key that is not this start's. Without any, a request comes from a reader. */
export type Standing = "operator" | "reader" | "stranger";

export function standingOf(headers: IncomingHttpHeaders, key: string): Standing {
  const given = headers[keyHeader];
  if (given === undefined) return "reader";
  return typeof given === "string" && equalInConstantTime(given, key) ? "operator" : "stranger";
}

/** True where a browser says that the page which sent the request is not ours. */
export function isFromForeignPage({ origin, host, ...others }: IncomingHttpHeaders): boolean {
  const site = others["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  // With or without TLS: what ends it is in front of us.
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}

function equalInConstantTime(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}
