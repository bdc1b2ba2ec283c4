// Shortens a JSON Schema: a property that stands under several keys becomes one definition, referred to.
import type { JsonSchema, JsonValue } from "./settings.ts";

function isSchema(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === "object" && !Array.isArray(value);
}

/** Shorter properties are not worth a reference. */
const shortest = 100;

/** The same schema, with every property that occurs more than once under `definitions`, named by its key. */
export function withDefinitions(schema: JsonSchema): JsonSchema {
  const occurrences = new Map<string, number>();
  const count = (value: JsonValue): void => {
    if (Array.isArray(value)) for (const item of value) count(item);
    if (!isSchema(value)) return;
    for (const [, property] of propertiesOf(value)) {
      const text = JSON.stringify(property);
      occurrences.set(text, (occurrences.get(text) ?? 0) + 1);
    }
    for (const inner of Object.values(value)) count(inner);
  };
  count(schema);

  const names = new Map<string, string>();
  const definitions: Record<string, JsonValue> = {};
  const shared = (key: string, property: JsonValue): JsonValue => {
    const text = JSON.stringify(property);
    if ((occurrences.get(text) ?? 0) < 2 || text.length < shortest) return shorten(property);
    let name = names.get(text);
    if (name === undefined) {
      name = key;
      for (let other = 2; Object.hasOwn(definitions, name); other += 1) name = `${key}${other}`;
      names.set(text, name);
      definitions[name] = true;
      definitions[name] = shorten(property);
    }
    return { $ref: `#/definitions/${name}` };
  };
  function shorten(value: JsonValue): JsonValue {
    if (Array.isArray(value)) return value.map(shorten);
    if (!isSchema(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([keyword, inner]) => {
        if (keyword !== "properties" || !isSchema(inner)) return [keyword, shorten(inner)];
        return [keyword, Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, shared(key, one)]))];
      }),
    );
  }
  const short = shorten(schema);
  return { ...(isSchema(short) && short), definitions };
}

function propertiesOf(schema: JsonSchema): [string, JsonValue][] {
  const { properties } = schema;
  return isSchema(properties) ? Object.entries(properties) : [];
}
