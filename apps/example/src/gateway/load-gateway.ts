// The one YAML file, as the gateway's configuration and as running stores.
import { type Environment, expandVariables, type LoadedStores, loadStores, readSource } from "@tollbooth-stores/config";
import { ConfigError, type GatewayConfig, parseGatewayConfig } from "./gateway-config.ts";
import { keyvAdapter } from "./keyv-adapter.ts";
import type { SessionData } from "./session-token.ts";

/** The gateway's own part of a YAML file, and the whole document for `loadStores`. */
interface GatewayDocument {
  config: GatewayConfig;
  document: Record<string, unknown>;
  /** What relative paths in it are relative to. */
  folder: Awaited<ReturnType<typeof readSource>>["folder"];
}

/** Reads `source` (a path, or YAML text with a line break) without opening any store. Throws a ConfigError. */
export async function readGatewayConfig(source: string, env: Environment): Promise<GatewayDocument> {
  const { value, folder } = await readSource(source);
  if (!isRecord(value))
    throw new ConfigError("The configuration must be a YAML mapping with routes, prices and stores.");
  const { stores: _stores, ...own } = value;
  const problems: string[] = [];
  const expanded = expandTree(own, [], env, problems);
  if (problems.length > 0)
    throw new ConfigError(`The configuration has ${problems.length} problem(s):\n${problems.join("\n")}`);
  return { config: parseGatewayConfig(isRecord(expanded) ? expanded : {}), document: value, folder };
}

/**
 * The configuration and its running stores. Variables in the gateway's own part are expanded here, those under `stores` by
 * `loadStores`, once each. `instances`: how many gateways run; several need stores that are shared. Throws a ConfigError or
 * a StoreError with code STORE_CONFIG.
 */
export async function loadGateway(
  source: string,
  env: Environment,
  instances = 1,
): Promise<{ config: GatewayConfig; stores: LoadedStores<SessionData> }> {
  const { config, document, folder } = await readGatewayConfig(source, env);
  const { stores: block } = document;
  const counted = instances > 1 && isRecord(block) ? { ...document, stores: { ...block, instances } } : document;
  return { config, stores: await loadStores<SessionData>(counted, { env, folder, keyv: await keyvAdapter(env) }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Expands every string below `node`; what cannot be expanded is told by its path. */
function expandTree(node: unknown, path: readonly string[], env: Environment, problems: string[]): unknown {
  if (Array.isArray(node)) return node.map((item, index) => expandTree(item, [...path, String(index)], env, problems));
  if (isRecord(node)) {
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [key, expandTree(value, [...path, key], env, problems)]),
    );
  }
  if (typeof node !== "string") return node;
  const result = expandVariables(node, env);
  if ("text" in result) return result.text;
  for (const problem of result.problems) problems.push(`  ${path.join(".")}: ${problem}`);
  return node;
}
