// The client's address, as far as the network can tell: the socket's, unless proxies in front are to be believed.
import { isIP } from "node:net";
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";

export interface ClientIpOptions {
  /** How many proxies of yours each append an address to X-Forwarded-For. 0: the header means nothing. */
  trustedProxies: number;
}

const optionNames: OptionNames<ClientIpOptions> = { trustedProxies: true };

/**
 * Reads addresses. With n trusted proxies the n-th entry of X-Forwarded-For from the right is the last that no client could
 * have written; where it is missing or no address, the socket's counts. Undefined where neither is known. An IPv6 address is
 * its network of 64 bits, which one client owns. Throws STORE_CONFIG for other options, and unless `trustedProxies` is a whole number
 * from 0 to 100.
 */
export function addressReader(
  options: ClientIpOptions,
): (socketAddress: string | undefined, forwardedFor: string | undefined) => string | undefined {
  const trustedProxies = checkArguments("addressReader", () => {
    requireKnownOptions(options, optionNames);
    if (Number.isInteger(options.trustedProxies) && options.trustedProxies >= 0 && options.trustedProxies <= 100) {
      return options.trustedProxies;
    }
    throw new StoreError("STORE_CONFIG", "trustedProxies must be a whole number from 0 to 100.");
  });
  return (socketAddress, forwardedFor) => {
    const socket = plainIp(socketAddress ?? "");
    if (trustedProxies === 0 || forwardedFor === undefined) return socket;
    const seen = forwardedFor.split(",").map((entry) => plainIp(withoutPort(entry.trim())));
    return seen.at(-trustedProxies) ?? socket;
  };
}

/** Some proxies write the port, too: 198.51.100.1:50000, or [2001:db8::1]:443. */
function withoutPort(entry: string): string {
  const parts = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(entry) ?? /^\[([^\]]+)\](?::\d{1,5})?$/.exec(entry);
  return parts?.[1] ?? entry;
}

function plainIp(text: string): string | undefined {
  const version4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
  if (isIP(version4) === 4) return version4;
  if (isIP(text) !== 6) return undefined;
  const [head = "", tail] = text.split("%", 1).join("").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail?.split(":") ?? [];
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
