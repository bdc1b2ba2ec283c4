// Which part of an answer is kept beside its payment, and as which text.
import { StoreError } from "@tollbooth-stores/core";
import { durationOption, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import type { Answer, AnswerKeeper } from "@tollbooth-stores/http";

export interface KeptAnswers {
  /**
   * The largest body that is kept, in bytes. Default 32,768, which fits into the stores' default `maxValueBytes`. A larger
   * answer is sold all the same. If its payer does not get it, the handler makes it again.
   */
  maxBytes?: number | undefined;
  /** Which headers are kept, besides the default ones: never `set-cookie`. */
  headers?: readonly string[] | undefined;
  /** How long after its delivery an answer is kept: milliseconds, or "1h". Default 3,600,000. */
  forMs?: number | string | undefined;
}

/** Headers that say what the body is. Any other one could be meant for one client, one connection or one moment. */
const defaultHeaders = [
  ...["content-type", "content-language", "content-encoding", "content-disposition", "content-location"],
  ...["content-range", "etag", "last-modified", "link", "location"],
];
const DEFAULT_MAX_BYTES = 32_768;
const DEFAULT_FOR_MS = 3_600_000;

const optionNames: OptionNames<KeptAnswers> = { maxBytes: true, headers: true, forMs: true };

/** Throws STORE_CONFIG for options that cannot be meant. */
export function keepAnswers(options: KeptAnswers): AnswerKeeper {
  requireKnownOptions(options, optionNames, "answers");
  const { maxBytes = DEFAULT_MAX_BYTES, headers = [], forMs = DEFAULT_FOR_MS } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0) {
    throw new StoreError("STORE_CONFIG", "answers.maxBytes must be a whole number of bytes, 0 or more.");
  }
  if (!Array.isArray(headers) || !headers.every((name) => typeof name === "string")) {
    throw new StoreError("STORE_CONFIG", "answers.headers must be a list of headers' names.");
  }
  const kept = new Set([...defaultHeaders, ...headers.map((name) => name.toLowerCase())]);
  if (kept.has("set-cookie")) {
    throw new StoreError("STORE_CONFIG", "answers.headers must not name set-cookie: a cookie is for one client.");
  }
  return {
    forMs: durationOption(forMs, "answers.forMs"),
    write({ status, headers: all, body }) {
      if (body.byteLength > maxBytes) throw new RangeError("The answer is larger than answers.maxBytes.");
      const keptHeaders = Object.entries(all).filter(([name]) => kept.has(name.toLowerCase()));
      return JSON.stringify({ status, headers: keptHeaders, body: Buffer.from(body).toString("base64") });
    },
    read: readKept,
  };
}

function readKept(text: string): Answer {
  const { status, headers, body }: Partial<Record<"status" | "headers" | "body", unknown>> = Object(JSON.parse(text));
  if (typeof status !== "number" || typeof body !== "string" || !Array.isArray(headers) || !headers.every(isHeader)) {
    throw new TypeError("This is no kept answer.");
  }
  return { status, headers: Object.fromEntries(headers), body: new Uint8Array(Buffer.from(body, "base64")) };
}

function isHeader(entry: unknown): entry is [string, string] {
  return Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === "string");
}
