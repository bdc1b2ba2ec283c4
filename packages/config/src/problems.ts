// The problems of a configuration, collected so that all are reported at once. Holds paths and rules, never values.
import { StoreError } from "@tollbooth-stores/core";

const mostTold = 50;

/** Every problem found, once each, in the order of finding. */
export interface Problems {
  /** `path` as it is written in the document, "stores.sessions.keyPrefix". `message` holds no value of the document. */
  add(path: string, message: string): void;
  /** Appends `hint` to every problem that is added at `path` from now on. It holds no value either. */
  hint(path: string, hint: string): void;
  /** Throws STORE_CONFIG with one line for each problem, if there is any. */
  throwIfAny(): void;
}

/** Settings that are allowed but deserve a warning, each once. */
export interface Warnings {
  /** As `Problems.add`. */
  add(path: string, message: string): void;
  /** "path: message", in the order of finding. */
  messages(): readonly string[];
}

/** `shownPath`: turns a path as it is read into the path as it is written in the document. */
export function collectWarnings(shownPath: (path: string) => string): Warnings {
  const lines = new Set<string>();
  return {
    add: (path, message) => void lines.add(`${shownPath(path)}: ${message}`),
    messages: () => [...lines],
  };
}

/** `shownPath`: as for warnings. `origin`: the configuration's name in the message, e.g. a file's path as given. */
export function collectProblems(origin: string, shownPath: (path: string) => string): Problems {
  const lines = new Set<string>();
  const hints = new Map<string, string>();
  return {
    add(path, message) {
      const hint = hints.get(path);
      lines.add(`- ${shownPath(path)}: ${message}${hint === undefined ? "" : `; ${hint}`}`);
    },
    hint: (path, hint) => void hints.set(path, hint),
    throwIfAny() {
      if (lines.size === 0) return;
      const count = lines.size === 1 ? "a problem" : `${lines.size} problems`;
      const messages = [...lines].slice(0, mostTold);
      if (messages.length < lines.size) messages.push(`- and ${lines.size - messages.length} more`);
      throw new StoreError("STORE_CONFIG", `${origin} has ${count}:\n${messages.join("\n")}`);
    },
  };
}
