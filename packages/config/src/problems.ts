// What is wrong with a configuration, collected so that it is told all at once. Holds paths and rules, never values.
import { StoreError } from "@tollbooth-stores/core";

const mostTold = 50;

/** Every problem found, once each, in the order they were found. */
export interface Problems {
  /** `path` as a reader would write it, "stores.sessions.keyPrefix"; `message` without any value of the document. */
  add(path: string, message: string): void;
  /** Throws STORE_CONFIG with one line a problem, if there is any. */
  throwIfAny(): void;
}

/** What is allowed and yet worth saying, each once. */
export interface Warnings {
  /** As `Problems.add`. */
  add(path: string, message: string): void;
  /** "path: message", in the order in which they were found. */
  told(): readonly string[];
}

/** `shownPath`: how a path is written in the document, where that is not how it is read. */
export function collectWarnings(shownPath: (path: string) => string): Warnings {
  const lines = new Set<string>();
  return {
    add: (path, message) => void lines.add(`${shownPath(path)}: ${message}`),
    told: () => [...lines],
  };
}

/** `shownPath`: as for warnings. `origin`: what the configuration is called in the message, e.g. a file's path as given. */
export function collectProblems(origin: string, shownPath: (path: string) => string): Problems {
  const lines = new Set<string>();
  return {
    add: (path, message) => void lines.add(`- ${shownPath(path)}: ${message}`),
    throwIfAny() {
      if (lines.size === 0) return;
      const count = lines.size === 1 ? "a problem" : `${lines.size} problems`;
      const told = [...lines].slice(0, mostTold);
      if (told.length < lines.size) told.push(`- and ${lines.size - told.length} more`);
      throw new StoreError("STORE_CONFIG", `${origin} has ${count}:\n${told.join("\n")}`);
    },
  };
}

/** A key as a message may show it. What does not look like a name, digits included, may be a secret in a key's place. */
export function shownKey(key: string): string {
  return /^[A-Za-z_][A-Za-z_-]{0,40}$/.test(key) ? `"${key}"` : "(not shown: it does not look like a key)";
}
