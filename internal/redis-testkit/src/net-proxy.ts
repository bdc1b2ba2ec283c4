// A proxy that fails as networks and proxies do: it works on connections and bytes, and knows no commands.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free-port.ts";
import { type Address, type Link, openLink } from "./net-link.ts";

export type { Address } from "./net-link.ts";

export interface NetProxyOptions {
  /** Connections from these source addresses suffer no faults, except that nothing can connect while it refuses. */
  spares?: readonly string[] | undefined;
}

export interface ReplyDrop {
  /** Which reply is dropped. Default: the next one. `request` holds the last bytes that the client sent before it. */
  when?: ((reply: Buffer, request: Buffer) => boolean) | undefined;
  /** True: its connection is cut with it. Default false: the connection stays open, and later replies come through. */
  cut?: boolean | undefined;
}

/** The proxy's address, and its faults. A fault affects both directions, unless its comment names one. */
export interface NetProxy extends Address {
  /** No byte passes over the established connections ever again, and no end of one. New connections work. */
  freeze(): void;
  /** New connections are accepted, but not made to the target; with `established`, the others pass no bytes either. */
  silence(options?: { established?: boolean }): void;
  /** Ends `silence`: what clients sent in the meantime arrives. Call `cut` or `freeze` before, lest it does. */
  speak(): void;
  /** New connections are refused (ECONNREFUSED); established ones stay. */
  refuse(): void;
  /** Ends `refuse`, on the same port. */
  accept(): Promise<void>;
  /** Ends every connection; new ones work. Default "fin". */
  cut(how?: "fin" | "rst"): void;
  /** Keeps back all bytes, in their order, of present and new connections. */
  hold(): void;
  /** Ends `hold`: what was kept back is passed on. */
  release(): void;
  /** Replies arrive so much later from now on, in milliseconds. */
  delay(ms: number): void;
  /** New connections go to this server. Established ones stay where they are. */
  retarget(target: Address): void;
  /** One reply is dropped. It works on pieces as they arrive: send one command at a time on a connection. */
  dropReply(drop?: ReplyDrop): void;
  /** How many replies were dropped. */
  dropped(): number;
  /** How many connections have ever been accepted, without the spared ones. */
  accepted(): number;
  /** How many connections their clients have open now, without the spared ones. */
  open(): number;
  close(): Promise<void>;
}

const PORT_TRIES = 10;

/** Listens on a free port of the loopback. Without a target, connections are reset until `retarget` names one. */
export async function startNetProxy(target?: Address, { spares = [] }: NetProxyOptions = {}): Promise<NetProxy> {
  const links = new Set<Link>();
  const spared = new Set<Link>();
  const unconnected = new Set<Link>();
  const drops: ReplyDrop[] = [];
  let [present, acceptedCount, openCount, droppedCount, delayMs] = [target, 0, 0, 0, 0];
  let [silent, allSilent, held] = [false, false, false];

  const onReply = (reply: Buffer, request: Buffer) => {
    const at = drops.findIndex(({ when = () => true }) => when(reply, request));
    const [drop] = at < 0 ? [] : drops.splice(at, 1);
    if (drop === undefined) return "pass";
    droppedCount += 1;
    return drop.cut === true ? "cut" : "drop";
  };
  const welcome = (client: Socket) => {
    if (spares.includes(client.remoteAddress ?? "")) {
      const link = openLink(client, {
        replyDelayMs: () => 0,
        onReply: () => "pass",
        onClientGone: () => undefined,
        onEnd: () => spared.delete(link),
      });
      spared.add(link);
      link.connect(present);
      return;
    }
    acceptedCount += 1;
    openCount += 1;
    const link = openLink(client, {
      replyDelayMs: () => delayMs,
      onReply,
      onClientGone() {
        openCount -= 1;
      },
      onEnd() {
        links.delete(link);
        unconnected.delete(link);
      },
    });
    links.add(link);
    if (held) link.hold();
    if (silent) unconnected.add(link);
    else link.connect(present);
  };

  let port = await freePort();
  let listener: Server | undefined;
  const accept = async () => {
    if (listener !== undefined) return;
    const next = createServer({ allowHalfOpen: true }, welcome).listen(port, "127.0.0.1");
    await once(next, "listening");
    listener = next;
  };
  for (let tries = 1; listener === undefined; tries += 1) {
    await accept().catch(async (error: unknown) => {
      if (tries === PORT_TRIES) throw error;
      port = await freePort();
    });
  }
  const refuse = () => {
    listener?.close();
    listener = undefined;
  };
  const passOn = () => {
    if (held || allSilent) return;
    for (const link of links) link.release();
  };
  return {
    host: "127.0.0.1",
    port,
    freeze() {
      for (const link of links) link.freeze();
    },
    silence({ established = false } = {}) {
      silent = true;
      if (!established) return;
      allSilent = true;
      for (const link of links) link.hold();
    },
    speak() {
      silent = false;
      allSilent = false;
      for (const link of unconnected) link.connect(present);
      unconnected.clear();
      passOn();
    },
    refuse,
    accept,
    cut(how = "fin") {
      for (const link of links) link.cut(how);
    },
    hold() {
      held = true;
      for (const link of links) link.hold();
    },
    release() {
      held = false;
      passOn();
    },
    delay(ms) {
      delayMs = ms;
    },
    retarget(next) {
      present = next;
    },
    dropReply(drop = {}) {
      drops.push(drop);
    },
    dropped: () => droppedCount,
    accepted: () => acceptedCount,
    open: () => openCount,
    async close() {
      const closed = listener && once(listener, "close");
      refuse();
      for (const link of [...links, ...spared]) link.cut("fin");
      await closed;
    },
  };
}
