// Reads keys from a block of the document, or from the first of several blocks that has them; see BlockReader.
import { isStoreError, parseDuration } from "@tollbooth-stores/core";
import { closestKey, shownKey } from "@tollbooth-stores/core/native";
import { type Environment, type Expanded, expandVariables } from "./expand-variables.ts";
import { readNamedFile } from "./named-file.ts";
import type { Problems, Warnings } from "./problems.ts";
import type { BlockReader } from "./store-provider.ts";

/** One mapping of the document, and the keys that were read from it. */
export interface Block {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly asked: Set<string>;
}

/** A value as `describe()` may show it. */
export type ShownSetting = string | number | boolean;

/** The state that all readers of one document share. `blocks` is every opened block, for the check for unknown keys. */
export interface ReadingContext {
  readonly problems: Problems;
  readonly warnings: Warnings;
  /** undefined: nothing is expanded. */
  readonly environment: Environment | undefined;
  /** Where relative paths of files start. */
  readonly folder: string;
  readonly blocks: Block[];
}

/** True for `{}` of any realm. False for arrays, dates, class instances and any other value that is no mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The block at `path`. A value that is no mapping is a problem, and its block is empty. */
export function openBlock(path: string, value: unknown, context: ReadingContext): Block {
  const known = context.blocks.find((block) => block.path === path);
  if (known !== undefined) return known;
  if (!isMapping(value)) context.problems.add(path, value === null ? "is empty" : "must be a block of keys and values");
  const block: Block = { path, values: isMapping(value) ? value : {}, asked: new Set() };
  context.blocks.push(block);
  return block;
}

/** YAML 1.2 has no merge keys: there "<<" is a key like any other. */
export const mergeKey = "merge keys (<<) are not supported; write the keys out";

/** Reports each key that was never read. `hint` may know where the key belongs. */
export function reportUnknownKeys(block: Block, problems: Problems, hint: (key: string) => string | undefined): void {
  for (const key of Object.keys(block.values)) {
    if (block.asked.has(key)) continue;
    if (key === "<<") {
      problems.add(block.path, mergeKey);
      continue;
    }
    const nearest = closestKey(key, block.asked);
    const advice = hint(key) ?? (nearest === undefined ? undefined : `did you mean "${nearest}"?`);
    const known = `known here: ${[...block.asked].sort().join(", ") || "nothing"}`;
    problems.add(block.path, `unknown key ${shownKey(key)}; ${advice ?? known}`);
  }
}

/** As `Expanded`, also of a value that is no text. */
type ExpandedValue =
  | Exclude<Expanded, { text: string }>
  | (Omit<Extract<Expanded, { text: string }>, "text"> & { text: unknown });

/** A converted value, or the form that was wanted. */
type Converted<V> = { value: V } | { wanted: string };

/** `layers`: the first one that has a key gives its value. `shown` collects the values read, with secrets masked. */
export function blockReader(
  layers: readonly Block[],
  context: ReadingContext,
  shown: Map<string, ShownSetting>,
  shownPrefix = "",
): BlockReader {
  const { problems, environment } = context;

  function find(key: string): { path: string; value: unknown } | undefined {
    const layer = layers.find(({ values }) => Object.hasOwn(values, key) && values[key] !== undefined);
    return layer && { path: `${layer.path}.${key}`, value: layer.values[key] };
  }

  function locate(key: string): { path: string; value: unknown } | undefined {
    for (const layer of layers) layer.asked.add(key);
    return find(key);
  }

  function pathOf(key: string): string {
    const block = layers[0]?.path ?? "stores";
    return key === "" ? block : (find(key)?.path ?? `${block}.${key}`);
  }

  /** The value at `path`, expanded and converted. Undefined where it does not fit. */
  function convertAt<V>(path: string, raw: unknown, convert: (value: unknown) => Converted<V>): V | undefined {
    if (raw === null) {
      problems.add(path, "is empty; give it a value or leave it out");
      return undefined;
    }
    const expanded: ExpandedValue =
      typeof raw === "string" && environment !== undefined ? expandVariables(raw, environment) : { text: raw };
    if ("problems" in expanded) {
      for (const problem of expanded.problems) problems.add(path, problem);
      return undefined;
    }
    const { oddities = [], empty = [] } = expanded;
    if (oddities.length > 0) context.warnings.add(path, oddities.join("; "));
    // An empty variable is no mistake where its setting can be read all the same.
    const hints = [...oddities, ...empty.map((name) => `the variable ${name} is empty or not set`)];
    if (hints.length > 0) problems.hint(path, hints.join("; "));
    const converted = convert(expanded.text);
    if ("value" in converted) return converted.value;
    problems.add(path, `must be ${converted.wanted}`);
    return undefined;
  }

  function read<V extends ShownSetting>(
    key: string,
    convert: (value: unknown) => Converted<V>,
    show: (value: V) => ShownSetting = (value) => value,
  ): V | undefined {
    const found = locate(key);
    if (found === undefined) return undefined;
    const value = convertAt(found.path, found.value, convert);
    if (value !== undefined) shown.set(shownPrefix + key, show(value));
    return value;
  }

  return {
    has: (key) => locate(key) !== undefined,
    kind(key) {
      const found = locate(key);
      if (found === undefined) return "nothing";
      if (Array.isArray(found.value)) return "list";
      return isMapping(found.value) ? "block" : "value";
    },
    text: (key, rule) => read(key, asText, masking(rule?.secret)),
    texts(key, rule) {
      const found = locate(key);
      if (found === undefined) return undefined;
      const { path, value } = found;
      if (Array.isArray(value) && value.length === 0) problems.add(path, "must not be an empty list; leave it out");
      const items = Array.isArray(value)
        ? // Not value.map: an array of the caller's may have a "constructor" of its own.
          Array.from(value, (item: unknown, index) => convertAt(`${path}[${index}]`, item, asText))
        : [convertAt(path, value, asText)];
      const texts = items.filter((item) => item !== undefined);
      if (texts.length === 0) return undefined;
      shown.set(shownPrefix + key, rule?.secret ? mask() : texts.join(", "));
      return texts;
    },
    integer: (key, range) => read(key, (value) => asNumber(value, range, /^-?\d{1,16}$/, "a whole number")),
    number: (key, range) => read(key, (value) => asNumber(value, range, /^-?\d{1,16}(\.\d{1,16})?$/, "a number")),
    flag: (key) => read(key, asFlag),
    seconds: (key) => read(key, asSeconds, (ms) => ms / 1_000),
    file(key) {
      const path = read(key, asText);
      if (path === undefined) return undefined;
      const answer = readNamedFile(path, context.folder);
      if ("text" in answer) return answer.text;
      problems.add(pathOf(key), answer.problem);
      return undefined;
    },
    entries(key) {
      const found = locate(key);
      if (found === undefined) return undefined;
      const { path, value } = found;
      if (Array.isArray(value) && value.length === 0) problems.add(path, "must not be an empty list");
      const list: readonly unknown[] = Array.isArray(value) ? Array.from(value) : [value];
      const entryOf = (item: unknown, index: number) => {
        const itemPath = Array.isArray(value) ? `${path}[${index}]` : path;
        if (!isMapping(item)) return convertAt(itemPath, item, asText);
        return blockReader([openBlock(itemPath, item, context)], context, shown, `${shownPrefix}${key}.${index}.`);
      };
      const entries = list.map(entryOf).filter((entry) => entry !== undefined);
      const written = entries.filter((entry) => typeof entry === "string");
      if (written.length > 0) shown.set(shownPrefix + key, written.join(", "));
      return entries;
    },
    together(keys) {
      for (const layer of layers) for (const key of keys) layer.asked.add(key);
      const isHere = ({ values }: Block) => keys.some((key) => Object.hasOwn(values, key) && values[key] !== undefined);
      const layer = layers.find(isHere) ?? layers.at(-1);
      return blockReader(layer === undefined ? [] : [layer], context, shown, shownPrefix);
    },
    block(key) {
      const found = locate(key);
      if (found === undefined) return undefined;
      const inner = openBlock(found.path, found.value, context);
      return blockReader([inner], context, shown, `${shownPrefix}${key}.`);
    },
    problem: (key, message) => problems.add(pathOf(key), message),
    warning: (key, message) => context.warnings.add(pathOf(key), message),
  };
}

const mask = () => "***";

function masking(secret: boolean | ((value: string) => string) | undefined): ((value: string) => string) | undefined {
  return typeof secret === "function" ? secret : secret ? mask : undefined;
}

function asText(value: unknown): Converted<string> {
  if (typeof value === "number" || typeof value === "boolean") return { wanted: "text; put it in quotes" };
  return typeof value === "string" && value !== "" ? { value } : { wanted: "text that is not empty" };
}

function asNumber(
  value: unknown,
  range: { min: number; max: number },
  spelling: RegExp,
  kind: string,
): Converted<number> {
  const number = typeof value === "string" && spelling.test(value) ? Number(value) : value;
  const whole = kind === "a number" || Number.isSafeInteger(number);
  if (typeof number === "number" && whole && number >= range.min && number <= range.max) return { value: number };
  return { wanted: `${kind} from ${range.min} to ${range.max}` };
}

function asFlag(value: unknown): Converted<boolean> {
  if (value === true || value === "true") return { value: true };
  if (value === false || value === "false") return { value: false };
  return { wanted: "true or false" };
}

function asSeconds(value: unknown): Converted<number> {
  const written = typeof value === "string" && /^\d{1,13}$/.test(value) ? Number(value) : value;
  try {
    if (Number.isSafeInteger(written)) return { value: parseDuration(Number(written) * 1_000) };
    if (typeof written === "string") return { value: parseDuration(written) };
  } catch (error) {
    if (!isStoreError(error)) throw error;
  }
  return { wanted: 'whole seconds, 1 or more, or text such as "90s", "15m" or "12h"' };
}
