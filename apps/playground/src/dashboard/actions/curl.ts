// Requests as curl commands, ready for a POSIX shell.

/** What is asked, apart from the address of the gateway. */
export interface AskedFor {
  method: string;
  /** Path and query. */
  path: string;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: string | undefined;
}

/** The command; every value is quoted, whatever is in it. */
export function curlOf(base: string, { method, path, headers = {}, body }: AskedFor): string {
  const words = ["curl -i"];
  if (method !== "GET") words.push(`-X ${method}`);
  words.push(quoted(`${base}${path}`));
  for (const [name, value] of Object.entries(headers)) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) words.push(`-d ${quoted(body)}`);
  return words.join(" ");
}

function quoted(text: string): string {
  return /^[\w:/.?=&-]+$/.test(text) && !text.includes("&") ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
