// The providers that a document may name. They come from code only: a document never names a module to import.
import { StoreError } from "@tollbooth-stores/core";
import { closestKey } from "@tollbooth-stores/core/native";
import type { StoreProvider } from "./store-provider.ts";

export interface ProviderRegistry {
  find(name: string): StoreProvider | undefined;
  /** True for a name that may stand in a document as a provider's block. */
  isProviderName(name: string): boolean;
  /** Says why a name that `find` does not know cannot be used, and which names can. */
  explain(name: string): string;
}

/** A `custom` provider replaces a built-in one that shares one of its names. */
export function providerRegistry(
  builtIn: readonly StoreProvider[],
  custom: readonly StoreProvider[],
): ProviderRegistry {
  const byName = new Map<string, StoreProvider>();
  for (const provider of custom) {
    for (const name of provider.names) {
      if (byName.has(name)) throw new StoreError("STORE_CONFIG", "Two of the option providers have the same name.");
      byName.set(name, provider);
    }
  }
  for (const provider of builtIn.filter(({ names }) => !names.some((name) => byName.has(name)))) {
    for (const name of provider.names) byName.set(name, provider);
  }
  const registered = [...new Set([...byName.values()].map(({ names }) => names[0]))].sort().join(", ");
  return {
    find: (name) => byName.get(name),
    isProviderName: (name) => byName.has(name),
    explain(name) {
      const nearest = closestKey(name, byName.keys());
      return `unknown provider${nearest === undefined ? "" : `; did you mean "${nearest}"?`} (known: ${registered})`;
    },
  };
}
