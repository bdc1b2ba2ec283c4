// How long a gateway may take to stop, from its own configuration.
import { readGatewayConfig } from "@tollbooth-stores/example";
import { bounds } from "@tollbooth-stores/example/listen";
import { textOf } from "./files.ts";

export interface Deadlines {
  drainMs: number;
  shutdownGraceMs: number;
  /** The longest that a request takes while the stores answer. */
  longestRequestMs: number;
  /** From SIGTERM to the end of the process. */
  stopMs: number;
}

const variables = {
  ORIGIN: "https://api.example.com",
  PAY_TO: "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
  FACILITATOR_URL: "https://facilitator.example.com",
  CHAIN_URL: "https://rpc.example.com",
  UPSTREAM_URL: "https://upstream.example.com",
  SESSION_SECRET: "32 characters at least, for a test",
};

/** Of deploy/tollbooth.config.yaml, or of another text. */
export async function deadlines(text: string = textOf("tollbooth.config.yaml")): Promise<Deadlines> {
  const config = await readGatewayConfig(text, variables);
  const { drain = 0, shutdownGrace, paymentLease, facilitator, upstream } = config;
  const longestRequestMs =
    bounds.requestTimeout +
    // Another instance may be verifying this payment, and then another may hold it: each is waited for as long as a lease.
    2 * paymentLease +
    // Verify and settle; serve; and the chain where the settlement's answer was lost.
    2 * facilitator.timeout +
    upstream.timeout +
    facilitator.timeout;
  // What is cut off may still be asking the facilitator or the chain once more.
  const stopMs = drain + shutdownGrace + facilitator.timeout;
  return { drainMs: drain, shutdownGraceMs: shutdownGrace, longestRequestMs, stopMs };
}
