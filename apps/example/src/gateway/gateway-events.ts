// What a gateway does, told inside its own process: limits decided and paid sessions opened or used. No listener: almost free.
import { channel } from "node:diagnostics_channel";

/** The channel's name: `diagnostics_channel.subscribe(gatewayChannel, (message) => ...)`. Each message is a GatewayMessage. */
export const gatewayChannel = "tollbooth-example:gateway";

/** A limit was asked. Instants are Unix milliseconds. */
export interface DecisionEvent {
  kind: "decision";
  /** "ip", or "payer GET /quote". */
  limiter: string;
  /** The address, or the payer. */
  client: string;
  allowed: boolean;
  limit: number;
  remaining: number;
  resetsAtMs: number;
}

/** A session was bought, prolonged or used. */
export interface SessionEvent {
  kind: "session";
  /** The session's id. It opens the route: listeners must not tell it. */
  id: string;
  route: string;
  payer: string;
  expiresAtMs: number;
  /** Only where calls are sold. */
  callsLeft?: number | undefined;
}

/** A session was presented that has no time or no calls left, or that nobody here knows. */
export interface SessionOverEvent {
  kind: "session-over";
  /** As above: listeners must not tell it. */
  id: string;
}

export type GatewayEvent = DecisionEvent | SessionEvent | SessionOverEvent;

/** An event as listeners get it: `at` is the instant it was told, Unix milliseconds. */
export type GatewayMessage = GatewayEvent & { at: number };

const events = channel(gatewayChannel);

/** Tells whoever listens in this process. */
export function announce(event: GatewayEvent): void {
  if (events.hasSubscribers) events.publish({ ...event, at: Date.now() } satisfies GatewayMessage);
}
