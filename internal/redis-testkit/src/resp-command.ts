// One command to a Redis on a connection of its own: a client of nobody's, so that no client under test helps itself.
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

/** Where a server is and how to get in. Plain data: vitest hands it from its main process to its workers. */
export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
  /** "redis://..." or "rediss://...", with username and password where there are some. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM of the authority that signed the server's certificate; only where the server speaks TLS. */
  readonly ca?: string;
}

export type Reply = string | number | null | Reply[];

/** Sends one command (after AUTH, where the endpoint has a password) and answers its RESP2 reply. Errors are thrown. */
export async function redisCommand(endpoint: RedisEndpoint, ...words: readonly string[]): Promise<Reply> {
  const { host, port, ca, username = "default", password } = endpoint;
  const socket = ca === undefined ? connect(port, host) : connectTls({ host, port, ca });
  try {
    await once(socket, ca === undefined ? "connect" : "secureConnect");
    const commands = password === undefined ? [words] : [["AUTH", username, password], words];
    socket.write(commands.map(encode).join(""));
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, Buffer.from(chunk)]);
      const replies: Parsed[] = [];
      let at = 0;
      for (const _ of commands) {
        const parsed = parse(received, at);
        if (parsed === undefined) break;
        replies.push(parsed);
        at = parsed.next;
      }
      const failed = replies.find(({ error }) => error !== undefined);
      if (failed !== undefined) throw new Error(failed.error);
      const last = replies[commands.length - 1];
      if (last !== undefined) return last.reply;
    }
    throw new Error("Redis closed the connection before it answered.");
  } finally {
    socket.destroy();
  }
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

interface Parsed {
  reply: Reply;
  error?: string;
  next: number;
}

/** One RESP2 value at `at`, or undefined while it is not all there. Strings come as latin1: one character a byte. */
function parse(bytes: Buffer, at: number): Parsed | undefined {
  const lineEnd = bytes.indexOf("\r\n", at);
  if (lineEnd < 0) return undefined;
  const kind = String.fromCharCode(bytes[at] ?? 0);
  const line = bytes.toString("latin1", at + 1, lineEnd);
  const next = lineEnd + 2;
  if (kind === "+") return { reply: line, next };
  if (kind === "-") return { reply: null, error: line, next };
  if (kind === ":") return { reply: Number(line), next };
  const length = Number(line);
  if (length < 0) return { reply: null, next };
  if (kind === "$") {
    const end = next + length;
    return bytes.length < end + 2 ? undefined : { reply: bytes.toString("latin1", next, end), next: end + 2 };
  }
  if (kind !== "*") throw new Error("This does not answer like a Redis.");
  const items: Reply[] = [];
  let position = next;
  for (let index = 0; index < length; index += 1) {
    const item = parse(bytes, position);
    if (item === undefined) return undefined;
    if (item.error !== undefined) return item;
    items.push(item.reply);
    position = item.next;
  }
  return { reply: items, next: position };
}
