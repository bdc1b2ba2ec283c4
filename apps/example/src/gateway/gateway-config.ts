// The gateway's own part of its YAML file: what is sold, for how much, to whom it is paid, and how often one may ask.
import { isStoreError, parseDuration } from "@tollbooth-stores/core";
import type { Address } from "viem";
import { z } from "zod";
import { addressSchema } from "../hex-schemas.ts";

/** A mistake in the configuration or on the command line; the message says which and how to mend it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** At most `limit` requests in `windowMs`. */
export interface Limit {
  limit: number;
  windowMs: number;
}

interface RouteBasics {
  method: "GET" | "POST";
  /** Exact, e.g. "/quote". */
  path: string;
  /** As the x402 SDK reads prices: "$0.01". */
  price: string;
  description: string;
  /** Instead of `limits.perPayer`. */
  perPayer?: Limit | undefined;
}

export type RouteConfig =
  /** Each request is paid for by itself. */
  | (RouteBasics & { kind: "per-request"; order: "serve-then-settle" | "settle-then-serve" })
  /** One payment opens the route for `windowMs`; paying again while it is open adds as much. */
  | (RouteBasics & { kind: "time-window"; windowMs: number })
  /** One payment buys `calls` requests, to be used within `validForMs`. */
  | (RouteBasics & { kind: "calls"; calls: number; validForMs: number });

export interface GatewayConfig {
  host: string;
  port: number;
  /** How many proxies in front are to be believed about the client's address. */
  trustedProxies: number;
  /**
   * The address that buyers see, e.g. "https://api.example.com"; part of what a payment is bound to. Default, on loopback
   * only: the address it listens on.
   */
  origin?: string | undefined;
  payTo: Address;
  /** CAIP-2, e.g. "eip155:84532". */
  network: `eip155:${string}`;
  /** Default: the network's USDC, as the SDK knows it. */
  asset?: { address: Address; name: string; version: string; decimals: number } | undefined;
  /** Longest time from signing to settling that a payment may be valid for. */
  paymentTimeoutMs: number;
  /** How long a payment that an instance has in hand stays with it when it dies, before another takes it up. */
  paymentLeaseMs: number;
  facilitator: { url: string; timeoutMs: number };
  /** Where to ask whether a nonce was used. */
  chain: { url: string };
  upstream: { url: string; timeoutMs: number };
  /**
   * `unsettled`: how many payments of one payer may be served and not settled yet; `inHandPerIp`: how many of one address may be
   * worked on. Both at one time, on all instances.
   */
  limits: { perIp: Limit; perPayer: Limit; unsettled: number; inHandPerIp: number };
  /** Session tokens are derived from it; set the same on every instance. Default: random, until the process ends. */
  sessionSecret?: string | undefined;
  /** After a stop signal: how long /readyz says 503 while requests are still taken, for load balancers to notice. */
  drainMs: number;
  /** How long requests in flight may take after that. */
  shutdownGraceMs: number;
  routes: RouteConfig[];
}

const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  try {
    return parseDuration(value);
  } catch (error) {
    context.addIssue({ code: "custom", message: isStoreError(error) ? error.message : "must be a duration" });
    return z.NEVER;
  }
});
const url = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .transform((text) => text.replace(/\/+$/, ""));
/** A number, also as the text that a variable was replaced by. */
const integer = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number),
]);
const limit = z
  .strictObject({ limit: integer.pipe(z.int().min(1).max(1_000_000)), window: duration })
  .transform(({ limit: count, window }) => ({ limit: count, windowMs: window }));

const basics = {
  method: z.enum(["GET", "POST"]).default("GET"),
  path: z
    .string()
    .regex(/^\/[A-Za-z0-9/_.-]*$/, 'must start with "/" and hold letters, digits and /_.- only')
    .refine((path) => !reserved.has(path), "is the gateway's own path"),
  price: z.string().regex(/^\$\d+(\.\d+)?$/, 'must be a price such as "$0.01"'),
  description: z
    .string()
    .regex(/^[\x20-\x7e]*$/, "must be printable ASCII")
    .max(200)
    .default(""),
  perPayer: limit.optional(),
};
const reserved = new Set(["/", "/healthz", "/readyz"]);
const longest31Days = duration.refine((ms) => ms <= 31 * 86_400_000, "must be at most 31 days");
const route = z.discriminatedUnion("kind", [
  z.strictObject({
    ...basics,
    kind: z.literal("per-request"),
    order: z.enum(["serve-then-settle", "settle-then-serve"]).default("serve-then-settle"),
  }),
  z
    .strictObject({ ...basics, kind: z.literal("time-window"), window: longest31Days })
    .transform(({ window, ...rest }) => ({ ...rest, windowMs: window })),
  z
    .strictObject({
      ...basics,
      kind: z.literal("calls"),
      calls: integer.pipe(z.int().min(1).max(1_000_000_000)),
      validFor: longest31Days.prefault("24h"),
    })
    .transform(({ validFor, ...rest }) => ({ ...rest, validForMs: validFor })),
]);

/** A name or address that only this machine can connect to. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

const schema = z
  .strictObject({
    host: z.string().default("127.0.0.1"),
    port: integer.pipe(z.int().min(0).max(65_535)).prefault(4021),
    trustedProxies: integer.pipe(z.int().min(0).max(10)).prefault(0),
    origin: z
      .url()
      .transform((text) => new URL(text).origin)
      .optional(),
    payTo: addressSchema,
    network: z.templateLiteral(["eip155:", z.string().regex(/^[1-9]\d{0,15}$/)], 'must be like "eip155:84532"'),
    asset: z
      .strictObject({
        address: addressSchema,
        name: z.string().min(1),
        version: z.string().min(1),
        decimals: z.int().min(0).max(36),
      })
      .optional(),
    paymentTimeout: duration.refine((ms) => ms >= 10_000 && ms <= 86_400_000, "must be 10s to 24h").prefault("2m"),
    paymentLease: duration.refine((ms) => ms >= 1_000 && ms <= 60_000, "must be 1s to 60s").prefault("10s"),
    facilitator: z.strictObject({ url, timeout: duration.prefault("5s") }),
    chain: z.strictObject({ url }),
    upstream: z.strictObject({ url, timeout: duration.prefault("5s") }),
    limits: z.strictObject({
      perIp: limit,
      perPayer: limit,
      unsettled: integer.pipe(z.int().min(1).max(1_000)).prefault(5),
      inHandPerIp: integer.pipe(z.int().min(1).max(1_000)).prefault(20),
    }),
    sessionSecret: z.string().min(32, "must have at least 32 characters").optional(),
    drain: duration.refine((ms) => ms <= 60_000, "must be at most 60s").optional(),
    shutdownGrace: duration.refine((ms) => ms <= 60_000, "must be at most 60s").prefault("10s"),
    routes: z
      .array(route)
      .min(1, "must list at least one route")
      .refine(
        (routes) => new Set(routes.map((one) => `${one.method} ${one.path}`)).size === routes.length,
        "lists a method and path twice",
      ),
  })
  .refine(({ host, origin }) => origin !== undefined || isLoopback(host), {
    path: ["origin"],
    error: "must be set where others than this machine can connect: payments are bound to it",
  })
  .transform(({ paymentTimeout, paymentLease, facilitator, upstream, drain, shutdownGrace, ...rest }) => ({
    ...rest,
    paymentTimeoutMs: paymentTimeout,
    paymentLeaseMs: paymentLease,
    facilitator: { url: facilitator.url, timeoutMs: facilitator.timeout },
    upstream: { url: upstream.url, timeoutMs: upstream.timeout },
    drainMs: drain ?? 0,
    shutdownGraceMs: shutdownGrace,
  }));

/** Reads everything but `stores` (which is `loadStores`'s); throws a ConfigError that lists every problem by its path. */
export function parseGatewayConfig(document: Readonly<Record<string, unknown>>): GatewayConfig {
  const { stores: _stores, ...own } = document;
  const parsed = schema.safeParse(own);
  if (parsed.success) return parsed.data;
  // Paths and our own words only: what was written there may be a secret.
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join(".") || "the document"}: ${issue.message}`);
  throw new ConfigError(`The configuration has ${problems.length} problem(s):\n${problems.join("\n")}`);
}
