// Variables in an application's own part of a document, as loadStores expands those under `stores`.
import { StoreError } from "@tollbooth-stores/core";
import { type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { isMapping } from "./block-reader.ts";
import { type Environment, expandVariables } from "./expand-variables.ts";
import { requireEnvironment } from "./load-options.ts";

export interface ExpandOptions {
  /** Where the variables come from. Default `process.env`. */
  env?: Environment | undefined;
  /** What messages call the document, as `readSource` answers it. */
  origin?: string | undefined;
}

const names: OptionNames<ExpandOptions> = { env: true, origin: true };

/**
 * A copy of the value in which every text below it is expanded, once. Values stay text: coerce them when you check them.
 * Leave out `stores`, which `loadStores` expands itself. Throws STORE_CONFIG with every problem by its path and no value.
 */
export function expandDocument(value: unknown, options: ExpandOptions = {}): unknown {
  requireKnownOptions(options, names);
  requireEnvironment(options.env);
  const { env = process.env, origin = "The document" } = options;
  const problems: string[] = [];
  const expand = (node: unknown, path: string): unknown => {
    if (Array.isArray(node)) return node.map((item, at) => expand(item, `${path}[${at}]`));
    if (isMapping(node)) {
      const at = (key: string) => (path === "" ? key : `${path}.${key}`);
      return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, expand(inner, at(key))]));
    }
    if (typeof node !== "string") return node;
    const expanded = expandVariables(node, env);
    if ("text" in expanded) return expanded.text;
    problems.push(...expanded.problems.map((problem) => `- ${path || "the document"}: ${problem}`));
    return node;
  };
  const result = expand(value, "");
  if (problems.length === 0) return result;
  throw new StoreError("STORE_CONFIG", `${origin} has ${problems.length} problem(s):\n${problems.join("\n")}`);
}
