// Which providers a document may name. Providers come from code only: a document never names a module to import.
import { StoreError } from "@tollbooth-stores/core";
import { closestKey } from "./closest-key.ts";
import { memoryProvider } from "./memory-provider.ts";
import type { StoreProvider } from "./store-provider.ts";

/** Names that mean something although nobody may have registered them. */
const wellKnownNames: readonly string[] = ["memory", "redis", "node-redis", "ioredis", "keyv"];

export interface ProviderRegistry {
  find(name: string): StoreProvider | undefined;
  /** True for what may stand in a document as a provider's block, registered or not. */
  isProviderName(name: string): boolean;
  /** Why a name that `find` does not know cannot be used, and what can. */
  explain(name: string): string;
}

/** `memory` is always there; one given in code under the same name takes its place. */
export function providerRegistry(given: readonly StoreProvider[]): ProviderRegistry {
  const byName = new Map<string, StoreProvider>();
  for (const provider of given) {
    for (const name of provider.names) {
      if (byName.has(name)) throw new StoreError("STORE_CONFIG", "Two of the option providers have the same name.");
      byName.set(name, provider);
    }
  }
  if (!byName.has("memory")) byName.set("memory", memoryProvider());
  const registered = [...new Set(byName.values())].map((provider) => provider.names[0]).sort();
  const registration = `registered: ${registered.join(", ")}`;
  return {
    find: (name) => byName.get(name),
    isProviderName: (name) => byName.has(name) || wellKnownNames.includes(name),
    explain(name) {
      if (wellKnownNames.includes(name)) {
        return `provider ${name} is not registered; pass it in loadStores(source, { providers: [...] }) (${registration})`;
      }
      const nearest = closestKey(name, new Set([...byName.keys(), ...wellKnownNames]));
      return `unknown provider${nearest === undefined ? "" : `; did you mean "${nearest}"?`} (${registration})`;
    },
  };
}
