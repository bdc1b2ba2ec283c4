// The gateway's own YAML file: its goods, their prices, the address that is paid, and the limits of requests.
import { expandDocument, readSource } from "@tollbooth-stores/config";
import { isStoreError, parseDuration } from "@tollbooth-stores/core";
import { isAddress } from "viem";
import { z } from "zod";

/** A mistake in the configuration. The message says which, and how to mend it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  try {
    return parseDuration(value);
  } catch (error) {
    context.addIssue({ code: "custom", message: isStoreError(error) ? error.message : "must be a duration" });
    return z.NEVER;
  }
});
const between = (min: string, max: string) =>
  duration.refine((ms) => ms >= parseDuration(min) && ms <= parseDuration(max), `must be ${min} to ${max}`);
const url = z.url({ protocol: /^https?$/, error: "must be an http(s) URL" }).transform((it) => it.replace(/\/+$/, ""));
const integer = (min: number, max: number) =>
  z.coerce.number({ error: "must be a whole number" }).pipe(z.int().min(min).max(max));
const limit = z.strictObject({ limit: integer(1, 1_000_000), window: duration });
const service = z.strictObject({ url, timeout: duration.prefault("5s") });
const page = z.strictObject({ host: z.string().default("127.0.0.1"), port: integer(0, 65_535).prefault(9464) });
const basics = {
  method: z.enum(["GET", "POST"]).default("GET"),
  path: z
    .string()
    .regex(/^\/[A-Za-z0-9/_.-]+$/, 'must start with "/" and hold letters, digits and /_.- only')
    .refine((path) => path !== "/healthz" && path !== "/readyz", "is the gateway's own path"),
  price: z
    .string()
    .regex(/^\$\d+(\.\d{1,6})?$/, 'must be a price such as "$0.01", with at most six decimals')
    .refine((price) => /[1-9]/.test(price), "must be more than nothing"),
  description: z
    .string()
    .regex(/^[ -~]{0,200}$/, "must be at most 200 characters of ASCII")
    .default(""),
  perPayer: limit.optional(),
};
const route = z.discriminatedUnion("kind", [
  z.strictObject({ ...basics, kind: z.literal("per-request") }),
  z.strictObject({ ...basics, kind: z.literal("time-window"), window: between("1s", "31d") }),
  z.strictObject({
    ...basics,
    kind: z.literal("calls"),
    calls: integer(1, 1_000_000_000),
    validFor: between("1s", "31d").prefault("24h"),
  }),
]);
/** "GET /quote" */
export const nameOf = ({ method, path }: { method: string; path: string }): string => `${method} ${path}`;
const isLoopback = (host: string) => host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

const schema = z
  .strictObject({
    host: z.string().default("127.0.0.1"),
    port: integer(0, 65_535).prefault(4021),
    metrics: page.optional(),
    trustedProxies: integer(0, 10).prefault(0),
    origin: url.transform((text) => new URL(text).origin).optional(),
    payTo: z.string().refine(isAddress, "must be an address of 20 bytes"),
    network: z.templateLiteral(["eip155:", z.string().regex(/^[1-9]\d{0,15}$/)], 'must be like "eip155:84532"'),
    paymentTimeout: between("10s", "24h").prefault("2m"),
    paymentLease: between("1s", "60s").prefault("10s"),
    facilitator: service,
    chain: z.strictObject({ url, confirmations: integer(1, 10_000).optional() }),
    upstream: service,
    limits: z.strictObject({ perIp: limit, perPayer: limit }),
    sessionSecret: z.string().min(32, "must have at least 32 characters"),
    drain: between("1ms", "60s").optional(),
    shutdownGrace: between("1ms", "60s").prefault("10s"),
    routes: z
      .array(route)
      .min(1, "must list at least one route")
      .refine((routes) => new Set(routes.map(nameOf)).size === routes.length, "lists a method and path twice"),
  })
  .refine(({ host, origin }) => origin !== undefined || isLoopback(host), {
    path: ["origin"],
    error: "must be set where others than this machine can connect: payments are bound to it",
  });

/** The README says what each key means. Durations are in milliseconds. */
export type GatewayConfig = z.output<typeof schema>;
export type RouteConfig = GatewayConfig["routes"][number];
/** At most `limit` requests in `window` milliseconds. */
export type Limit = z.output<typeof limit>;

/** Reads a path, or YAML text with a line break. Throws a ConfigError, or STORE_CONFIG, with every problem and no value. */
export async function readGatewayConfig(source: string, env: NodeJS.ProcessEnv): Promise<GatewayConfig> {
  const { value, origin } = await readSource(source);
  const { stores: _stores, ...own } = Object(value);
  const parsed = schema.safeParse(expandDocument(own, { env, origin }));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `- ${path.join(".") || "the document"}: ${message}`);
  throw new ConfigError(`${origin} has ${problems.length} problem(s):\n${problems.join("\n")}`);
}
