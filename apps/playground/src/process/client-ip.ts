// The client's address, as the gateways' own limits know it.
import { addressReader } from "@tollbooth-stores/http";

/** "unknown" where there is none. */
export function clientIp(
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string {
  return addressReader({ trustedProxies })(socketAddress, forwardedFor) ?? "unknown";
}
