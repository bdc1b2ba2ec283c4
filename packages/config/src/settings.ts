// The keys that a block takes: one table for each block. It reads and checks each key, and the JSON Schema is made from
// it.
import type { BlockReader } from "./store-provider.ts";

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  readonly [keyword: string]: JsonValue;
}
export type JsonValue = string | number | boolean | JsonSchema | readonly JsonValue[];

/** One key of a block. */
export interface Setting<V> {
  /** The key's purpose in a sentence. Editors show it. */
  readonly about: string;
  /** The schema of the value as it is written, variables included. */
  readonly schema: JsonSchema;
  /** As the methods of BlockReader: reports problems, and answers undefined then and where the key is absent. */
  read(reader: BlockReader, key: string): V | undefined;
}

/** The keys of a block whose read values are `V`. */
export type SettingTable<V> = { readonly [K in keyof V]-?: Setting<NonNullable<V[K]>> };

/** Reads every key of `table`, so that each problem is found. */
export function readSettings<V>(reader: BlockReader, table: SettingTable<V>): Partial<V> {
  const values: Partial<V> = {};
  const readOne = <K extends keyof V & string>(key: K) => {
    const value = table[key].read(reader, key);
    if (value !== undefined) values[key] = value;
  };
  for (const key in table) readOne(key);
  return values;
}

/** The names of a table's keys. */
export function settingNames(table: { readonly [key: string]: Setting<unknown> }): readonly string[] {
  return Object.keys(table);
}

/** JSON Schema `properties` of a table. */
export function schemaProperties(table: { readonly [key: string]: Setting<unknown> }): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(table).map(([key, { about, schema }]) => [key, { description: about, ...schema }]),
  );
}

/** Text with a variable in it. The variable's value is checked when the document is loaded. */
export const variableSchema: JsonSchema = { type: "string", pattern: "\\$\\{" };

const withVariable = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, variableSchema] });

/** Text that is not empty. `secret`: masked in `describe()`, or shown as the function answers. */
export function text(
  about: string,
  rule: { secret?: boolean | ((value: string) => string) | undefined; pattern?: string | undefined } = {},
): Setting<string> {
  const { pattern, secret } = rule;
  const schema: JsonSchema =
    pattern === undefined ? { type: "string", minLength: 1 } : withVariable({ type: "string", pattern });
  return { about, schema, read: (reader, key) => reader.text(key, { secret }) };
}

/** One text or a list of them. */
export function texts(about: string, rule: { secret?: boolean | undefined } = {}): Setting<readonly string[]> {
  const one: JsonSchema = { type: "string", minLength: 1 };
  return {
    about,
    schema: { anyOf: [one, { type: "array", items: one, minItems: 1 }] },
    read: (reader, key) => reader.texts(key, rule),
  };
}

/** A whole number. */
export function integer(about: string, range: { min: number; max: number }): Setting<number> {
  const schema = {
    anyOf: [{ type: "integer", minimum: range.min, maximum: range.max }, spelledNumber, variableSchema],
  };
  return { about, schema, read: (reader, key) => reader.integer(key, range) };
}

/** Any number. */
export function number(about: string, range: { min: number; max: number }): Setting<number> {
  const schema = { anyOf: [{ type: "number", minimum: range.min, maximum: range.max }, spelledNumber, variableSchema] };
  return { about, schema, read: (reader, key) => reader.number(key, range) };
}

const spelledNumber: JsonSchema = { type: "string", pattern: "^\\d{1,16}(\\.\\d{1,16})?$" };

/** true or false. */
export function flag(about: string): Setting<boolean> {
  const schema = { anyOf: [{ type: "boolean" }, { enum: ["true", "false"] }, variableSchema] };
  return { about, schema, read: (reader, key) => reader.flag(key) };
}

/** Whole seconds or "15m"; read as milliseconds. */
export function seconds(about: string): Setting<number> {
  const schema = {
    anyOf: [{ type: "integer", minimum: 1 }, { type: "string", pattern: "^\\d{1,13}(ms|s|m|h|d)?$" }, variableSchema],
  };
  return { about, schema, read: (reader, key) => reader.seconds(key) };
}

/** One of a few words. */
export function choice<W extends string>(about: string, words: readonly [W, ...W[]]): Setting<W> {
  return {
    about,
    schema: withVariable({ enum: words }),
    read(reader, key) {
      const written = reader.text(key);
      const word = words.find((candidate) => candidate === written);
      if (written !== undefined && word === undefined) {
        reader.problem(key, `must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`);
      }
      return word;
    },
  };
}

/** The text of the file at the given path. */
export function file(about: string): Setting<string> {
  return { about, schema: { type: "string", minLength: 1 }, read: (reader, key) => reader.file(key) };
}
