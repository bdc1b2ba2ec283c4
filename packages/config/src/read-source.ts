// The source of a configuration: an object, text with a line break, or a file.
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isStoreError, StoreError } from "@tollbooth-stores/core";
import { parseText } from "./parse-text.ts";

const largestBytes = 1_048_576;

/** A document, and its name in messages. */
export interface SourceDocument {
  value: unknown;
  origin: string;
  /** Where its relative paths start: the file's folder, else the process's working directory. */
  folder: string;
}

/** Throws STORE_CONFIG where the file is missing or unreadable, or the text cannot be parsed. */
export async function readSource(source: unknown): Promise<SourceDocument> {
  if (typeof source !== "string") return { value: source, origin: "The store configuration", folder: "." };
  if (/[\n\r]/.test(source)) {
    const origin = "The store configuration text";
    if (Buffer.byteLength(source) > largestBytes) throw tooLarge(origin);
    return { value: parseText(source, origin), origin, folder: "." };
  }
  // One line of YAML, JSON or a URL given by mistake must not be echoed: it may hold a password.
  if (source === "" || source.length > 1_024 || /[{}"]|:\s|:\/\/|:$|\p{Cc}/u.test(source)) {
    throw new StoreError(
      "STORE_CONFIG",
      "The source is a string without a line break, so it must be a file's path; end configuration text with a line break.",
    );
  }
  const origin = `The configuration file ${source}`;
  return { value: parseText(await readText(source, origin), origin), origin, folder: dirname(source) };
}

function tooLarge(origin: string): StoreError {
  return new StoreError("STORE_CONFIG", `${origin} is larger than ${largestBytes} bytes.`);
}

async function readText(path: string, origin: string): Promise<string> {
  const bytes = await readBytes(path, origin);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new StoreError("STORE_CONFIG", `${origin} is not UTF-8 text.`);
  }
}

async function readBytes(path: string, origin: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    // A pipe or a device might never end.
    if (!found.isFile()) throw new StoreError("STORE_CONFIG", `${origin} is not a file.`);
    if (found.size > largestBytes) throw tooLarge(origin);
    return await readFile(path);
  } catch (error) {
    if (isStoreError(error)) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "ENOENT" ? "does not exist" : `cannot be read${typeof code === "string" ? ` (${code})` : ""}`;
    throw new StoreError("STORE_CONFIG", `${origin} ${reason}.`, { cause: error });
  }
}
