// Who is asking, as far as the network can tell: the socket's address unless proxies in front are to be believed.
import { isIP } from "node:net";
import type { HttpBindings } from "@hono/node-server";

/**
 * The client's address. Each trusted proxy appends the address it saw to X-Forwarded-For, so with n of them the n-th
 * entry from the right is the last one that nobody outside could have written. With none the header means nothing.
 */
export function clientIp(
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string {
  const socket = plainIp(socketAddress ?? "") ?? "unknown";
  if (trustedProxies === 0 || forwardedFor === undefined) return socket;
  const seen = forwardedFor.split(",").map((entry) => plainIp(withoutPort(entry.trim())));
  return seen.at(-trustedProxies) ?? socket;
}

/** The address behind a Node request. */
export function requestIp(env: HttpBindings, forwardedFor: string | undefined, trustedProxies: number): string {
  return clientIp(env.incoming.socket.remoteAddress, forwardedFor, trustedProxies);
}

/** Some proxies write the port, too: 198.51.100.1:50000, or [2001:db8::1]:443. */
function withoutPort(entry: string): string {
  const parts = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(entry) ?? /^\[([^\]]+)\](?::\d{1,5})?$/.exec(entry);
  return parts?.[1] ?? entry;
}

/** IPv4 written as IPv6 is the IPv4 address; of a real IPv6 address the network of 64 bits, which one client owns. */
function plainIp(text: string): string | undefined {
  const version4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
  if (isIP(version4) === 4) return version4;
  if (isIP(text) !== 6) return undefined;
  const [head = "", tail] = text.split("%", 1).join("").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
