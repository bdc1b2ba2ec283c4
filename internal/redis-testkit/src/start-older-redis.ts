// What an older Redis would answer, where it matters to the stores: a proxy before a real server that has each script run
// as one of that version would run it. No such server can be had from Debian's packages.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { RedisEndpoint } from "./resp-command.ts";
import { type RedisOptions, startRedis } from "./start-redis.ts";

export interface OlderRedis extends RedisEndpoint {
  /** One command to the real server, as its default user. */
  command: Awaited<ReturnType<typeof startRedis>>["command"];
  stop(): Promise<void>;
}

/**
 * Differs from a server of `version`, e.g. "6.0.16", in much that the stores never see. What they would see: scripts know
 * no version of their own, INFO within them tells `version`, and below 6.0 there is no HELLO.
 */
export async function startOlderRedis(version: string, options: RedisOptions = {}): Promise<OlderRedis> {
  const redis = await startRedis(options);
  const hasHello = Number.parseInt(version, 10) >= 6;
  const listener = createServer((client) => {
    const server = connect(redis.port, redis.host);
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on("close", end).on("error", end);
    void relay(client, server, (words) => olderCommand(words, version, hasHello)).catch(end);
    server.pipe(client);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  return {
    host: "127.0.0.1",
    port,
    url: `redis://127.0.0.1:${port}`,
    command: redis.command,
    async stop() {
      listener.close();
      await redis.stop();
    },
  };
}

/** The real server answers all, so that answers keep their order. */
function olderCommand(words: readonly Buffer[], version: string, hasHello: boolean): readonly (Buffer | string)[] {
  const [name, script, ...rest] = words;
  const command = name?.toString().toUpperCase();
  if (command === "HELLO" && !hasHello) {
    return ["EVAL", "return redis.error_reply('ERR unknown command `HELLO`, with args beginning with: `3`, ')", "0"];
  }
  if (command === "EVAL" && name !== undefined && script !== undefined) {
    return [name, `${olderLibrary(version)}${script.toString()}`, ...rest];
  }
  return words;
}

/** Hides the script library behind one that an older server would have. */
function olderLibrary(version: string): string {
  return `
local real = redis
local redis = { call = real.call, sha1hex = real.sha1hex }
function redis.pcall(...)
  local reply = real.pcall(...)
  if select(1, ...) ~= 'INFO' or type(reply) ~= 'string' then return reply end
  return (string.gsub(reply, 'redis_version:[%d.]+', 'redis_version:${version}'))
end
`;
}

/** Passes on what `rewrite` makes of each command, in turn. */
async function relay(
  client: Socket,
  server: Socket,
  rewrite: (words: readonly Buffer[]) => readonly (Buffer | string)[],
): Promise<void> {
  let received = Buffer.alloc(0);
  for await (const chunk of client) {
    received = Buffer.concat([received, Buffer.from(chunk)]);
    for (let command = parse(received); command !== undefined; command = parse(received)) {
      received = received.subarray(command.size);
      server.write(encode(rewrite(command.words)));
    }
  }
}

function parse(bytes: Buffer): { words: Buffer[]; size: number } | undefined {
  let at = 0;
  const number = () => {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const value = Number(bytes.toString("latin1", at + 1, end));
    at = end + 2;
    return value;
  };
  const count = number();
  if (count === undefined) return undefined;
  const words: Buffer[] = [];
  while (words.length < count) {
    const length = number();
    if (length === undefined || bytes.length < at + length + 2) return undefined;
    words.push(bytes.subarray(at, at + length));
    at += length + 2;
  }
  return { words, size: at };
}

function encode(words: readonly (Buffer | string)[]): Buffer {
  const parts = words.flatMap((word) => [`$${Buffer.byteLength(word)}\r\n`, word, "\r\n"]);
  return Buffer.concat([`*${words.length}\r\n`, ...parts].map((part) => Buffer.from(part)));
}
