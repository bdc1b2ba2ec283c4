// Options objects from code: a misspelt option would be ignored without a word, so it is refused.
import { closestKey } from "./closest-key.ts";
import { StoreError } from "./errors.ts";

type KeysOf<Options> = Options extends unknown ? keyof Options : never;

/** Every option of a type, of all its alternatives. The compiler sees to it that none is missing. */
export type OptionNames<Options> = { readonly [Name in KeysOf<Options>]: true };

/**
 * A key as a message may show it. A key that does not look like a name (digits included) may be a secret in the wrong
 * place.
 */
export function shownKey(key: string): string {
  return /^[A-Za-z_][A-Za-z_-]{0,40}$/.test(key) ? `"${key}"` : "(not shown: it does not look like a key)";
}

/**
 * Throws STORE_CONFIG where `options` is no object, or has an option that is not in `names`, with the name that is
 * meant. An option that is undefined counts as left out. `path` is the place of the object among the options, e.g.
 * "connection.tls"; undefined for the options themselves.
 */
export function requireKnownOptions(options: unknown, names: Readonly<Record<string, true>>, path?: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new StoreError("STORE_CONFIG", `${path === undefined ? "The options" : `\`${path}\``} must be an object.`);
  }
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(names, key)) continue;
    const nearest = closestKey(key, Object.keys(names));
    const advice =
      nearest === undefined ? `known: ${Object.keys(names).sort().join(", ")}` : `did you mean "${nearest}"?`;
    throw new StoreError(
      "STORE_CONFIG",
      `Unknown option ${shownKey(key)}${path === undefined ? "" : ` in \`${path}\``}; ${advice}`,
    );
  }
}
