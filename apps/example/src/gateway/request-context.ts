// What the handlers of one route share: its configuration, its price, the stores, and the limits.
import type { HttpBindings } from "@hono/node-server";
import type { Stores } from "@tollbooth-stores/core";
import type { Context } from "hono";
import type { GatewayConfig, RouteConfig } from "./gateway-config.ts";
import type { Limits } from "./limits.ts";
import type { RoutePrice } from "./requirements.ts";
import type { SessionData } from "./session-token.ts";

export type Env = { Bindings: HttpBindings };

export interface RouteContext<R extends RouteConfig = RouteConfig> {
  config: GatewayConfig;
  route: R;
  price: RoutePrice;
  stores: Stores<SessionData>;
  limits: Limits;
  issueToken: (paymentKey: string) => string;
}

/** The parts of a request that a purchase is bound to. */
export interface Asked {
  method: string;
  origin: string;
  /** Raw path and query. */
  path: string;
  /**
   * The body, where the method has one: read when it is first asked for, so after the limits. Rejects with BodyIncomplete or
   * BodyTooLarge.
   */
  body(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  contentType: string | undefined;
  /** X-Request-Id, if it came with a plain one. Passed on to the upstream; nothing depends on it. */
  requestId: string | undefined;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  /** The address with which to ask again. */
  url: string;
}

/** The client went away before its body was whole. */
export class BodyIncomplete extends Error {
  override readonly name = "BodyIncomplete";
}

/** The body is larger than `maxBodyBytes`, whatever it said of its length. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** Requests to paid routes may have bodies up to this size, in bytes. */
export const maxBodyBytes = 65_536;

/** Reads the request's head; its body is read when it is asked for. */
export function askedOf(c: Context<Env>, config: GatewayConfig): Asked {
  const url = new URL(c.req.url);
  // Never of the Host header: what a client writes there would come back in what it signs.
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  const origin = config.origin ?? `http://${host}:${c.env.incoming.socket.localPort}`;
  const path = c.req.url.slice(c.req.url.indexOf("/", url.protocol.length + 2));
  let body: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return {
    method: c.req.method,
    origin,
    path,
    async body() {
      if (c.req.method === "GET") return undefined;
      body ??= wholeBody(c.req.raw);
      return body;
    },
    contentType: c.req.header("content-type"),
    requestId: /^[\w.:/-]{1,128}$/.exec(c.req.header("x-request-id") ?? "")?.[0],
    signal: c.req.raw.signal,
    url: `${origin}${path}`,
  };
}

async function wholeBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length;
      if (length > maxBodyBytes) throw new BodyTooLarge(`At most ${maxBodyBytes} bytes are taken.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BodyTooLarge) throw error;
    throw new BodyIncomplete("The body did not come to its end.", { cause: error });
  }
  return new Uint8Array(Buffer.concat(chunks));
}
