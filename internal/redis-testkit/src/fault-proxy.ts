// A TCP proxy before a server that can answer in its place, lose its answers, and cut connections.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface FaultProxy {
  readonly port: number;
  /** The next EVALSHA on any connection is not passed on; the client gets this error instead. */
  answerOnce(error: string): void;
  /** The answer to the next EVALSHA is lost, and its connection with it. */
  loseReplyOnce(): void;
  /** Every answer takes so much longer from now on, in milliseconds; those under way together arrive together. */
  delay(ms: number): void;
  /** Every connection ends at once; new ones are served. */
  cut(): void;
  /** How many commands were passed on whose text contains `word`. */
  passed(word: string): number;
  close(): Promise<void>;
}

/** Listens on a free port of the loopback. Commands are recognised by chunks: send one at a time through it. */
export async function startFaultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  const pairs = new Set<{ client: Socket; server: Socket }>();
  const chunks: string[] = [];
  let answer: string | undefined;
  let losing = false;
  let delayMs = 0;

  const listener = createServer((client) => {
    const server = connect(target.port, target.host);
    const pair = { client, server };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    let losesReply = false;
    client.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      const isScript = /evalsha/i.test(text);
      if (isScript && answer !== undefined) {
        client.write(`-${answer}\r\n`);
        answer = undefined;
        return;
      }
      chunks.push(text);
      losesReply = isScript && losing;
      if (isScript) losing = false;
      server.write(chunk);
    });
    server.on("data", (chunk) => {
      if (losesReply) end();
      else if (delayMs > 0) setTimeout(() => client.writable && client.write(chunk), delayMs);
      else client.write(chunk);
    });
    for (const socket of [client, server]) socket.on("close", end).on("error", end);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("No TCP port was given.");
  const cut = () => {
    for (const { client } of pairs) client.destroy();
  };
  return {
    port: address.port,
    answerOnce(error) {
      answer = error;
    },
    loseReplyOnce() {
      losing = true;
    },
    delay(ms) {
      delayMs = ms;
    },
    cut,
    passed: (word) => chunks.filter((chunk) => chunk.toLowerCase().includes(word.toLowerCase())).length,
    async close() {
      cut();
      listener.close();
      await once(listener, "close");
    },
  };
}
