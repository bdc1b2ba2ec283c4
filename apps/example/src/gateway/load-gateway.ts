// The gateway's YAML file as its configuration, and the stores' file as running stores.
import { join } from "node:path";
import { type Environment, expandVariables, type LoadedStores, loadStores, readSource } from "@tollbooth-stores/config";
import { ConfigError, type GatewayConfig, parseGatewayConfig } from "./gateway-config.ts";
import { keyvAdapter } from "./keyv-adapter.ts";
import type { SessionData } from "./session-token.ts";

/** The gateway's own part of a YAML file, and the whole document: it may hold `stores`, too. */
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
 * The configuration and its running stores. Those are in the file that the variable STORES names; by default in
 * `stores/memory.yaml` beside the gateway's, unless that one holds `stores` itself. Variables in the gateway's own part are
 * expanded here, those of the stores by `loadStores`, once each. `instances`: how many gateways run; several need stores that
 * are shared. Throws a ConfigError, or a StoreError with code STORE_CONFIG.
 */
export async function loadGateway(
  source: string,
  env: Environment,
  instances = 1,
): Promise<{ config: GatewayConfig; stores: LoadedStores<SessionData> }> {
  const { config, document, folder } = await readGatewayConfig(source, env);
  const file = storesFile(document, folder, env);
  const from = file === undefined ? { value: document, folder } : await readSource(file);
  const block = isRecord(from.value) ? from.value.stores : undefined;
  const counted = instances > 1 && isRecord(block) ? { stores: { ...block, instances } } : from.value;
  const options = { env, folder: from.folder, keyv: await keyvAdapter(env) };
  return { config, stores: await loadStores<SessionData>(counted, options) };
}

/** Undefined where the gateway's own document holds the stores. Throws a ConfigError where both name some. */
function storesFile(document: Record<string, unknown>, folder: string, { STORES: file = "" }: Environment) {
  const isOwn = document.stores !== undefined;
  if (isOwn && file !== "")
    throw new ConfigError("The configuration holds stores, and STORES names others; leave one out.");
  if (isOwn) return undefined;
  return file === "" ? join(folder, "stores", "memory.yaml") : file;
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
