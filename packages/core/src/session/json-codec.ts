// The default codec: JSON, refusing data that JSON would silently change.
import { invalidArgument, StoreError } from "../errors.ts";
import type { SessionCodec } from "../session-codec.ts";

const format = "1";
const deepest = 500;

/**
 * "1" and JSON. Accepted data comes back equal: strings (lone surrogates too), finite numbers (-0 too), booleans, null,
 * arrays and plain objects of these, `__proto__` keys included. Properties that are undefined are left out. Anything
 * else throws STORE_INVALID_ARGUMENT, naming its path: dates, maps, sets, bytes, class instances, functions, symbols,
 * bigint, NaN, undefined elsewhere, array holes, more than 500 levels.
 */
export const jsonCodec: SessionCodec = {
  encode(data) {
    return format + toJson(data, "data", 0);
  },
  decode(text) {
    if (!text.startsWith(format)) throw unreadable("is in a format that jsonCodec does not know");
    try {
      return JSON.parse(text.slice(1));
    } catch {
      // The parser's message quotes the text.
      throw unreadable("is no JSON");
    }
  },
};

function unreadable(what: string): StoreError {
  return new StoreError("STORE_CORRUPT", `Stored session data ${what}; check that every instance has the same codec.`);
}

function toJson(value: unknown, path: string, depth: number): string {
  if (depth > deepest) throw refused("data", `something nested deeper than ${deepest} levels, or in itself`);
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return String(value);
    case "number":
      if (!Number.isFinite(value)) throw refused(path, "a number that is not finite");
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? arrayToJson(value, path, depth) : objectToJson(value, path, depth);
    default:
      throw refused(path, typeof value === "undefined" ? "undefined" : `a ${typeof value}`);
  }
}

function arrayToJson(array: readonly unknown[], path: string, depth: number): string {
  if (Object.keys(array).length !== array.length) throw refused(path, "an array with holes or properties");
  return `[${array.map((item, index) => toJson(item, `${path}[${index}]`, depth + 1)).join(",")}]`;
}

function objectToJson(object: object, path: string, depth: number): string {
  // Only null and a root prototype (of any realm) have no prototype of their own.
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw refused(path, "an instance of a class");
  if (Object.getOwnPropertySymbols(object).length > 0) throw refused(path, "an object with symbol keys");
  const members: string[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined) members.push(`${JSON.stringify(name)}:${toJson(value, member(path, name), depth + 1)}`);
  }
  return `{${members.join(",")}}`;
}

function member(path: string, name: string): string {
  // A name that is no identifier may be personal data or a secret: an address, a key.
  return /^[A-Za-z_$][\w$]{0,39}$/.test(name) ? `${path}.${name}` : `${path}[...]`;
}

function refused(path: string, what: string): StoreError {
  return invalidArgument(
    `Session ${path} is ${what}, which JSON would change; convert it first, or give the store a codec that keeps it.`,
  );
}
