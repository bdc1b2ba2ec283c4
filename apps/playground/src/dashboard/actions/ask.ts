// Sends one request to the gateway and keeps what is worth showing of the answer.
import type { AnswerSummary } from "../state.ts";
import type { AskedFor } from "./curl.ts";

export interface Asked {
  response: Response;
  body: string;
  summary: AnswerSummary;
}

/** The note of an answer that a gateway could not give without its stores. */
export const storesAwayNote = "the stores are away";

/** No answer of the gateway takes longer, in milliseconds. */
const longestMs = 30_000;

/** Where no answer comes, the status is 0 and the note says so. */
export async function ask(base: string, { method, path, headers, body }: AskedFor): Promise<Asked> {
  const started = performance.now();
  const { response, text } = await fetch(`${base}${path}`, {
    method,
    headers: { ...headers },
    signal: AbortSignal.timeout(longestMs),
    ...(body !== undefined && { body }),
  }).then(
    async (answer) => ({ response: answer, text: await answer.text() }),
    () => ({ response: Response.error(), text: "" }),
  );
  const { status } = response;
  const instance = response.headers.get("x-instance") ?? undefined;
  const ms = Math.round((performance.now() - started) * 10) / 10;
  const summary = { request: `${method} ${path}`, status, instance, ms, note: noteOf(response, text) };
  return { response, body: text, summary };
}

function noteOf({ status, headers }: Response, body: string): string | undefined {
  if (status === 0) return "no answer came";
  if (errorOf(body) === "store_unavailable") return storesAwayNote;
  const left = headers.get("x-calls-left");
  if (left !== null) return `${left} calls left`;
  const retryAfter = headers.get("retry-after");
  if (status === 429) return `retry after ${retryAfter} s`;
  if (status === 402) return (errorOf(body) ?? "payment_required").replaceAll("_", " ");
  if (headers.has("payment-response")) return "paid and settled";
  if (headers.has("x-session-expires")) return "served from the session";
  return errorOf(body)?.replaceAll("_", " ");
}

/** The word that the gateway has for what went wrong. */
function errorOf(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || !("error" in value)) return undefined;
    return typeof value.error === "string" ? value.error : undefined;
  } catch {
    return undefined;
  }
}
