// Under which names the dashboard answers. A foreign site may point its own name at this machine and would then be the same
// origin as the dashboard to a browser: so a name that is not ours gets nothing.
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import type { GatewayConfig } from "@tollbooth-stores/example";

/** What is looked at of a request. */
export interface Addressed {
  socket: { localAddress?: string | undefined };
  headers: Pick<IncomingHttpHeaders, "host">;
}

/**
 * True for a loopback name, for the configuration's `host` and `origin`, and for the very address that the connection came
 * in at, which no name stands behind.
 */
export function isKnownHost(
  { socket, headers }: Addressed,
  config: Partial<Pick<GatewayConfig, "host" | "origin">>,
): boolean {
  const name = nameOf(headers.host);
  if (name === undefined) return false;
  if (/^(localhost|127(\.\d{1,3}){3}|::1)$/.test(name)) return true;
  if (isIP(name) !== 0 && name === plain(socket.localAddress ?? "")) return true;
  return name === config.host?.toLowerCase() || (config.origin !== undefined && name === hostnameOf(config.origin));
}

/** The host of a Host header, without port and brackets, in lower case. */
function nameOf(host: string | undefined): string | undefined {
  return host !== undefined && /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host)
    ? hostnameOf(`http://${host}`)
    : undefined;
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : undefined;
}

/** An IPv4 address written as an IPv6 one is the IPv4 address. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();
