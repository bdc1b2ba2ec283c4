// The headers of a response, apart from it.
import type { OutgoingHttpHeader, ServerResponse } from "node:http";

/** By their names in small letters. */
export type HeaderMap = Map<string, OutgoingHttpHeader>;

export function headersOf(response: ServerResponse): HeaderMap {
  const entries = Object.entries({ ...response.getHeaders() });
  return new Map(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** The response has these headers from then on, and no others. It uses the methods that the response has when it is made. */
export function headersSetter(response: ServerResponse): (headers: HeaderMap) => void {
  const { setHeader, removeHeader } = response;
  return (headers) => {
    for (const name of response.getHeaderNames()) Reflect.apply(removeHeader, response, [name]);
    for (const [name, value] of headers) Reflect.apply(setHeader, response, [name, value]);
  };
}

/**
 * Makes the change of another map's header, from `was` to `now`, in these. What was added is added to what they have: Express's `append`,
 * `cookie`, `vary` and `links` set a header anew, with all that it had.
 */
export function changeHeader(
  headers: HeaderMap,
  name: string,
  was: OutgoingHttpHeader | undefined,
  now: OutgoingHttpHeader | undefined,
): void {
  const own = headers.get(name);
  if (now === undefined) headers.delete(name);
  else if (Array.isArray(now)) {
    const kept = linesOf(own).filter((line) => now.includes(line) || !linesOf(was).includes(line));
    const lines = [...kept, ...now.filter((line) => !linesOf(was).includes(line))];
    if (lines.length > 0) headers.set(name, lines);
    else headers.delete(name);
  } else if (was !== undefined && String(now).startsWith(`${was}, `)) {
    const added = String(now).slice(`${was}, `.length);
    headers.set(name, own === undefined ? added : `${own}, ${added}`);
  } else headers.set(name, now);
}

function linesOf(value: OutgoingHttpHeader | undefined): string[] {
  return value === undefined ? [] : [value].flat().map(String);
}
