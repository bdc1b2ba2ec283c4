// The SDK's response instructions as a whole answer.
import { isUint8Array } from "node:util/types";
import type { Answer } from "@tollbooth-stores/http";
import type { HTTPResponseInstructions } from "@x402/core/http";

const utf8 = new TextEncoder();

/** Text and bytes go out as they are where the content type is no JSON; everything else is JSON, `{}` where there is none. */
export function answerOfInstructions({ status, headers, body }: HTTPResponseInstructions): Answer {
  const lower = lowerCase(headers);
  const isJson = /[/+]json\b/.test(lower["content-type"] ?? "application/json");
  return { status, headers: lower, body: bytesOf(body, isJson) };
}

/** Header names in lower case. */
export function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function bytesOf(body: unknown, isJson: boolean): Uint8Array {
  if (isUint8Array(body)) return body;
  if (typeof body === "string" && !isJson) return utf8.encode(body);
  return utf8.encode(JSON.stringify(body ?? {}));
}
