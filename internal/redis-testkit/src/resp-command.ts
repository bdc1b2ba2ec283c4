// Commands to a Redis on a connection of their own. No client library is involved, so that none is tested with itself.
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

/** A word of a command. Bytes are for keys that Redis has told and that may not be text. */
export type Word = string | Uint8Array;

/** Sends one command (after AUTH, where the endpoint has a password) and answers its RESP2 reply. Errors are thrown. */
export async function redisCommand(endpoint: RedisEndpoint, ...words: readonly Word[]): Promise<Reply> {
  const [reply = null] = await redisCommands(endpoint, [words]);
  return reply;
}

/** Sends all commands at once, on one connection. The first error among their replies is thrown. */
export async function redisCommands(endpoint: RedisEndpoint, commands: readonly (readonly Word[])[]): Promise<Reply[]> {
  const { host, port, ca, username = "default", password } = endpoint;
  const socket = ca === undefined ? connect(port, host) : connectTls({ host, port, ca });
  try {
    await once(socket, ca === undefined ? "connect" : "secureConnect");
    const sent = password === undefined ? commands : [["AUTH", username, password], ...commands];
    socket.write(Buffer.concat(sent.map(encode)));
    const replies: Reply[] = [];
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, Buffer.from(chunk)]);
      let at = 0;
      for (let parsed = parse(received, at); parsed !== undefined; parsed = parse(received, at)) {
        if (parsed.error !== undefined) throw new Error(parsed.error);
        replies.push(parsed.reply);
        at = parsed.next;
      }
      received = received.subarray(at);
      if (replies.length === sent.length) return replies.slice(sent.length - commands.length);
    }
    throw new Error("Redis closed the connection before it answered.");
  } finally {
    socket.destroy();
  }
}

function encode(words: readonly Word[]): Buffer {
  const parts = words.flatMap((word) => [`$${Buffer.byteLength(word)}\r\n`, word, "\r\n"]);
  return Buffer.concat([`*${words.length}\r\n`, ...parts].map((part) => Buffer.from(part)));
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
