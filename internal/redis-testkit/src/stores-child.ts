// Stores in a process of their own, whose whole life counts: what it holds open after close(), and whether it ends by itself.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RedisConnection, RedisStoreOptions } from "@tollbooth-stores/redis-protocol";
import type { ClientProvider } from "./client-provider.ts";

/** How a call of the other process ended. */
export interface ChildOutcome {
  /** "ok", or a StoreError's code; otherwise the error itself. */
  code: string;
  outcome: string;
  message: string;
  /** Everything that `util.inspect` shows of the error, its causes too. */
  shown: string;
  tookMs: number;
}

export interface StoresChild {
  /** Opens stores in the place of the former ones. */
  open(connection: RedisConnection, options?: RedisStoreOptions): Promise<void>;
  /** A call of a store and a ping, at the same time. */
  callAndPing(): Promise<readonly [ChildOutcome, ChildOutcome]>;
  /** Begins a wait, which polls. It is not waited for. */
  startWaiting(): Promise<void>;
  close(): Promise<ChildOutcome>;
  /** Sockets, look-ups of names and timers that are open now, if none of them goes away within a second. */
  openHandles(): Promise<string[]>;
  /** Lets the process end by itself, and answers how long that took and what it printed as warnings. */
  end(): Promise<{ status: number | null; tookMs: number; warnings: string }>;
  /** Ends it at once, whatever it does. */
  stop(): Promise<void>;
}

/** The program: a line of JSON in for each order, a line out for each answer. It ends when its input does. */
function program(module: string, factory: string): string {
  return `
import { createInterface } from "node:readline";
import { inspect } from "node:util";
const create = (await import(${JSON.stringify(module)}))[${JSON.stringify(factory)}];
const policy = { algorithm: "fixed-window", limit: 1000, windowMs: 60000 };
let stores;
const told = async (work) => {
  const startMs = performance.now();
  const error = await work.then(() => undefined, (reason) => reason);
  const tookMs = performance.now() - startMs;
  if (error === undefined) return { code: "ok", outcome: "", message: "", shown: "", tookMs };
  const { code = String(error), outcome = "", message = "" } = error;
  return { code, outcome, message, shown: inspect(error, { depth: 9, showHidden: true }), tookMs };
};
const handles = () => process.getActiveResourcesInfo().filter((name) => /TCP|TLS|AddrInfo|Connect|Timeout|Immediate/.test(name));
const orders = {
  open: (options) => void (stores = create(options)),
  callAndPing: () => Promise.all([told(stores.rateLimits.consume({ route: "GET /", client: "c", policy })), told(stores.ping())]),
  startWaiting: () => void stores.verifications.wait("key", { timeoutMs: 60000 }).catch(() => {}),
  close: () => told(stores.close()),
  async openHandles() {
    const endMs = performance.now() + 1000;
    for (;;) {
      const open = handles();
      if (open.length === 0 || performance.now() > endMs) return open;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
};
for await (const line of createInterface(process.stdin)) {
  const { order, given } = JSON.parse(line);
  console.log(JSON.stringify((await orders[order](given)) ?? null));
}`;
}

export function startStoresChild<Client>({ module, create }: ClientProvider<Client>): StoresChild {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program(module, create.stores.name)], {
    cwd: fileURLToPath(new URL(".", module)),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  let warnings = "";
  child.stderr.on("data", (text: Buffer) => {
    warnings += text.toString();
  });
  const ask = async <R>(order: string, given?: unknown): Promise<R> => {
    child.stdin.write(`${JSON.stringify({ order, given })}\n`);
    const { value, done } = await answers.next();
    if (done === true) throw new Error(`The process ended instead of answering: ${warnings}`);
    return JSON.parse(value);
  };
  return {
    open: (connection, options) => ask("open", { connection, ...options }),
    callAndPing: () => ask("callAndPing"),
    startWaiting: () => ask("startWaiting"),
    close: () => ask("close"),
    openHandles: () => ask("openHandles"),
    async end() {
      const startMs = performance.now();
      child.stdin.end();
      await exited;
      return { status: child.exitCode, tookMs: performance.now() - startMs, warnings };
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
