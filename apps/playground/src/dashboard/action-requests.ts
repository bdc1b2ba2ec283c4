// POST /dashboard/actions/<name>: who may, what is asked, and the answer as JSON.
import type { IncomingMessage, ServerResponse } from "node:http";
import { NotNow } from "./actions/action.ts";
import { type Actions, BadBody, isActionName } from "./actions/run-action.ts";
import { isFromForeignPage, standingOf } from "./operator-key.ts";

/** No body of an action is larger, in bytes. */
const maxBodyBytes = 1_024;

/** Answers 200 with the result, or a plain sentence as `message` with 400, 403, 404, 405, 409, 413 or 500. */
export async function answerAction(
  actions: Actions,
  key: string,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refuse = (status: number, message: string) => send(response, status, { message });
  if (isFromForeignPage(request.headers)) return refuse(403, "Actions are taken from the dashboard's own page only.");
  if (standingOf(request.headers, key) !== "operator")
    return refuse(403, "Actions need the key of this start: open the dashboard by the link that the terminal printed.");
  if (!isActionName(name)) return refuse(404, "There is no such action.");
  if (request.method !== "POST") return refuse(405, "Actions are sent with POST.");
  const text = await bodyOf(request);
  if (text === undefined) return refuse(413, `A body has at most ${maxBodyBytes} bytes.`);
  const body = jsonOf(text);
  if (body === undefined) return refuse(400, "The body must be JSON.");
  try {
    send(response, 200, await actions.run(name, body));
  } catch (error) {
    if (error instanceof NotNow) return refuse(409, error.message);
    if (error instanceof BadBody) return refuse(400, error.message);
    console.error(`dashboard: ${name}: ${error instanceof Error ? error.message : String(error)}`);
    refuse(500, "It did not work; the terminal says why.");
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  // Where the body was not read to its end, the connection cannot be used again.
  if (status >= 400) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

/** undefined where it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
