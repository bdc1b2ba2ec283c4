// The sellers' processes: a few at a time; one that is killed is replaced, one that is stopped goes on later.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { FromWorker, Notice, PaymentRequest, Question, SellerSettings, Told, ToWorker } from "./messages.ts";

export interface Seller {
  kill(): void;
  readonly killed: boolean;
  /** SIGSTOP, and SIGCONT after so long, or later where it is to stand still for longer. */
  stop(ms: number): Promise<void>;
}

export interface Surroundings {
  /** What the run answers to a question, or does to the seller instead: then it says "nothing". */
  answer(question: Question, seller: Seller): Promise<ToWorker | "nothing">;
  notice(notice: Notice): void;
  random(): number;
}

export interface Sellers {
  /** Any seller takes it. "lost": its process ended, or has been silent for too long. */
  pay(request: PaymentRequest, taken: (seller: Seller) => void): Promise<Told | "lost">;
  /** True once every seller has nothing under way any more, stopped ones included; false where that takes too long. */
  drain(mostMs: number): Promise<boolean>;
  /** Rejects where a seller's process ended by itself. */
  close(): Promise<void>;
}

interface Running extends Seller {
  child: ChildProcess;
  requests: Map<number, (told: Told | "lost") => void>;
  tell(message: ToWorker): void;
}

/** Longer than any request takes while its process runs. */
const SILENT_MS = 15_000;

export async function startSellers(
  count: number,
  settings: Omit<SellerSettings, "operates">,
  { answer, notice, random }: Surroundings,
): Promise<Sellers> {
  let replaces = true;
  let endedByItself = 0;
  const running: (Running | undefined)[] = [];
  const children = new Set<Promise<void>>();

  const start = async (place: number) => {
    if (!replaces) return;
    const seller = startProcess();
    const { child } = seller;
    const ended = untilEnded(seller).then(() => {
      children.delete(ended);
      if (!seller.killed) endedByItself += 1;
      if (running[place] !== seller) return;
      running[place] = undefined;
      void start(place);
    });
    children.add(ended);
    const ready = new Promise<void>((resolve) => {
      child.on("message", (message: FromWorker) => {
        switch (message.kind) {
          case "ready":
            return resolve();
          case "drained":
            return;
          case "told":
            return seller.requests.get(message.request)?.(message.told);
          case "fresh":
          case "delivering":
          case "undelivered":
            return notice(message);
          default:
            return void answer(message, seller).then((reply) => reply !== "nothing" && seller.tell(reply));
        }
      });
    });
    // One of them ends what is in doubt, and so does the one that replaces it.
    seller.tell({ kind: "open", settings: { ...settings, operates: place === 0 } });
    await Promise.race([ready, ended]);
    if (child.connected) running[place] = seller;
  };
  await Promise.all(Array.from({ length: count }, (_, place) => start(place)));

  return {
    async pay(request, taken) {
      const able = running.filter((seller) => seller?.child.connected && !seller.killed);
      const seller = able[Math.floor(random() * able.length)];
      if (seller === undefined) {
        await sleep(20);
        return "lost";
      }
      taken(seller);
      return new Promise((resolve) => {
        const silent = setTimeout(() => {
          seller.tell({ kind: "leave", request: request.request });
          finish("lost");
        }, SILENT_MS);
        const finish = (told: Told | "lost") => {
          clearTimeout(silent);
          seller.requests.delete(request.request);
          resolve(told);
        };
        seller.requests.set(request.request, finish);
        seller.tell({ kind: "pay", request });
      });
    },
    async drain(mostMs) {
      replaces = false;
      const rested = running.map(async (seller) => {
        if (seller?.child.connected !== true) return;
        const drained = new Promise<void>((resolve) => {
          seller.child.on("message", (message: FromWorker) => message.kind === "drained" && resolve());
        });
        seller.tell({ kind: "drain" });
        await Promise.race([drained, once(seller.child, "disconnect")]);
      });
      const inTime = new AbortController();
      const late = sleep(mostMs, false, { signal: inTime.signal }).catch(() => false);
      const done = await Promise.race([Promise.all(rested).then(() => true), late]);
      inTime.abort();
      return done;
    },
    async close() {
      replaces = false;
      for (const seller of running) seller?.kill();
      await Promise.all(children);
      if (endedByItself > 0) throw new Error(`${endedByItself} sellers ended by themselves; their errors are above.`);
    },
  };
}

function startProcess(): Running {
  const child = fork(fileURLToPath(new URL("./worker.ts", import.meta.url)), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let killed = false;
  let stops = 0;
  return {
    child,
    requests: new Map(),
    tell: (message) => child.connected && child.send(message, () => undefined),
    kill() {
      killed = true;
      child.kill("SIGKILL");
    },
    get killed() {
      return killed;
    },
    async stop(ms) {
      stops += 1;
      child.kill("SIGSTOP");
      await sleep(ms);
      stops -= 1;
      if (stops === 0) child.kill("SIGCONT");
    },
  };
}

/** When the process is gone and everything that it said has been heard. */
async function untilEnded(seller: Running): Promise<void> {
  const { child } = seller;
  await Promise.all([once(child, "exit"), once(child, "disconnect")]);
  for (const lost of seller.requests.values()) lost("lost");
}
