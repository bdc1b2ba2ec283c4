// One instance of a service, in a process of its own: stores by one client, and what the run tells it to do with them.
import { subscribe } from "node:diagnostics_channel";
import {
  type ConnectionMessage,
  connectionChannel,
  isStoreError,
  reconcileUnresolved,
  type Stores,
  verifyOnce,
} from "@tollbooth-stores/core";
import { type Client, clients, type Ended, type InstanceJobs, type PayEnded, type RunJobs } from "../contract.ts";
import { type Message, openWire } from "../wire.ts";
import { type RunningLoad, startLoad } from "./load.ts";
import { mistaken } from "./mistakes.ts";
import { openStores } from "./open-stores.ts";
import { payHere } from "./pay.ts";
import { handlesLeft, resourcesHeld } from "./resources.ts";

const client = clientOf(process.argv[2]);
const realNow = Date.now.bind(Date);
/** The latest are kept, so that memory does not grow by them. */
const MOST_TURNS = 100;
const turns: ConnectionMessage[] = [];
const warnings: string[] = [];
const underWay = new Set<Promise<unknown>>();
let opened: Stores | undefined;
let load: RunningLoad | undefined;

subscribe(connectionChannel, (message) => {
  turns.push(message as ConnectionMessage);
  if (turns.length > MOST_TURNS) turns.shift();
});
process.on("warning", ({ name, message }) => warnings.push(`${name}: ${message}`));

const stores = (): Stores => {
  if (opened === undefined) throw new Error("No stores are open.");
  return opened;
};
const jobs: InstanceJobs = {
  async open(opening) {
    await opened?.close();
    turns.length = 0;
    opened = await openStores(client, opening);
    if (opening.waits !== false) await opened.ping();
  },
  async call(store, method, ...args) {
    const startedAtMs = performance.now();
    const tookMs = () => Math.round(performance.now() - startedAtMs);
    try {
      const run: unknown = Reflect.get(stores()[store], method);
      if (typeof run !== "function") throw new Error(`There is no ${store}.${method}.`);
      const value: unknown = await run.apply(stores()[store], args);
      return { value, tookMs: tookMs() } satisfies Ended;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      const { code, outcome, message } = error;
      return { code, outcome, message, tookMs: tookMs() } satisfies Ended;
    }
  },
  startLoad(wanted) {
    load = startLoad(mistaken(stores(), wanted.mistake), client, wire.remote, wanted);
  },
  recoveredAt: (sinceMs) => load?.recoveredAt(sinceMs),
  counts: () => load?.counts() ?? { answered: 0, refused: 0 },
  async stopLoad() {
    if (load === undefined) throw new Error("There is no load.");
    const report = await load.stop();
    load = undefined;
    return { ...report, wrong: [...report.wrong, ...warnings.splice(0)] };
  },
  pay(payment): Promise<PayEnded> {
    const paying = payHere(stores(), wire.remote, payment).catch((error: unknown): PayEnded => {
      return { status: "error", message: error instanceof Error ? error.message : String(error) };
    });
    underWay.add(paying);
    void paying.then(() => underWay.delete(paying));
    return paying;
  },
  async verify(payload, leaseMs) {
    const verify = async () => {
      await wire.remote.reached("verify", payload);
      return { ok: true } as const;
    };
    const settings = { leaseMs, waitMs: 4 * leaseMs };
    try {
      const { ok, ran } = await verifyOnce(
        stores().verifications,
        { payloadHash: payload, fingerprint: "f" },
        verify,
        settings,
      );
      return { ok, ran };
    } catch (error) {
      return { error: String(error) };
    }
  },
  async reconcile(leaseMs) {
    const find = async (_evidence: string | undefined, { reference = "" }: { reference?: string | undefined }) => {
      const found = await wire.remote.find(reference);
      return found === "void" ? ({ none: "void" } as const) : found;
    };
    return { ...(await reconcileUnresolved(stores().verifications, find, { leaseMs })) };
  },
  turns: () => turns,
  skewClock(ms) {
    Date.now = () => realNow() + ms;
  },
  resources: resourcesHeld,
  async close() {
    await opened?.close();
    opened = undefined;
    return handlesLeft();
  },
};
const wire = openWire<RunJobs>((message) => process.send?.(message), jobs);
process.on("message", (message: Message) => wire.heard(message));
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => void leave());

/** A rolling deploy: payments under way finish, the stores close, and the process ends by itself. */
async function leave(): Promise<void> {
  await Promise.all(underWay);
  await opened?.close();
  process.removeAllListeners("disconnect");
  process.disconnect();
}

function clientOf(name: string | undefined): Client {
  const found = clients.find((one) => one === name);
  if (found === undefined) throw new Error(`No client is named ${name}.`);
  return found;
}
