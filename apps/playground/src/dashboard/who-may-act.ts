// Who may press the dashboard's buttons: a browser on this machine, on a page that this process gave out.
import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What is looked at of a request. */
export interface Asking {
  socket: { remoteAddress?: string | undefined };
  headers: IncomingHttpHeaders;
}

/** The header that carries the token of the page. */
export const tokenHeader = "x-csrf-token";

/**
 * Why whoever sent the request cannot be the person at this machine, as a sentence; undefined where it can. The Host is
 * looked at because a foreign site may point its own name at 127.0.0.1.
 */
export function whyNotLocal({ socket, headers }: Asking): string | undefined {
  if (headers["x-forwarded-for"] !== undefined || headers.forwarded !== undefined)
    return "Actions are not taken through a proxy; open the dashboard on the machine it runs on.";
  if (!isLoopback(socket.remoteAddress ?? ""))
    return "Actions are taken from this machine only; open the dashboard on the machine it runs on.";
  if (!isLoopbackName(headers.host))
    return "Actions are taken under a loopback name only; open the dashboard as http://127.0.0.1 or http://localhost.";
  return undefined;
}

/** The same for an action, which must also come from the page itself: its token, and a browser that says so. */
export function whyNotAct(request: Asking, token: string): string | undefined {
  const notLocal = whyNotLocal(request);
  if (notLocal !== undefined) return notLocal;
  const { origin, host = "" } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if ((origin !== undefined && origin !== `http://${host}`) || (site !== undefined && site !== "same-origin"))
    return "Actions are taken from the dashboard's own page only.";
  const given = request.headers[tokenHeader];
  if (typeof given !== "string" || !equalInConstantTime(given, token))
    return "The page's token is missing or old; reload the dashboard.";
  return undefined;
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(address);
}

function isLoopbackName(host: string | undefined): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host ?? "");
}

function equalInConstantTime(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}
