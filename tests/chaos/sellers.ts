// The sellers' processes: a few at a time; one that is killed is replaced, one that is stopped goes on later.
import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { FromWorker, PaymentRequest, StoreSettings, Told, ToWorker } from "./messages.ts";

/** What the run answers to a seller's question, or does to the seller instead: then it says "nothing". */
export type Answering = (
  message: Extract<FromWorker, { ask: number }>,
  seller: Seller,
) => Promise<ToWorker | "nothing">;

export interface Seller {
  kill(): void;
  /** SIGSTOP, and SIGCONT after so long. */
  stop(ms: number): Promise<void>;
}

export interface Sellers {
  /** Any seller takes it. "lost": its process ended, or has been silent for too long. */
  pay(request: PaymentRequest): Promise<Told | "lost">;
  close(): Promise<void>;
}

interface Running extends Seller {
  child: ChildProcess;
  requests: Map<number, (told: Told | "lost") => void>;
}

/** Longer than any request takes while its process runs. */
const SILENT_MS = 15_000;

export async function startSellers(
  count: number,
  settings: StoreSettings,
  answer: Answering,
  random: () => number,
): Promise<Sellers> {
  let closed = false;
  const running: (Running | undefined)[] = [];
  const children = new Set<Promise<void>>();

  const start = async (place: number) => {
    if (closed) return;
    const child = fork(fileURLToPath(new URL("./worker.ts", import.meta.url)), {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const seller: Running = {
      child,
      requests: new Map(),
      kill: () => void child.kill("SIGKILL"),
      async stop(ms) {
        child.kill("SIGSTOP");
        await sleep(ms);
        child.kill("SIGCONT");
      },
    };
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => {
        for (const lost of seller.requests.values()) lost("lost");
        if (running[place] === seller) {
          running[place] = undefined;
          void start(place);
        }
        resolve();
      });
    });
    children.add(ended);
    void ended.then(() => children.delete(ended));
    const ready = new Promise<void>((resolve) => {
      child.on("message", (message: FromWorker) => {
        if (message.kind === "ready") resolve();
        else if (message.kind === "told") seller.requests.get(message.request)?.(message.told);
        else {
          void answer(message, seller).then((reply) => {
            if (reply !== "nothing" && child.connected) child.send(reply, () => undefined);
          });
        }
      });
    });
    child.send({ kind: "open", settings } satisfies ToWorker);
    await Promise.race([ready, ended]);
    if (child.connected) running[place] = seller;
  };
  await Promise.all(Array.from({ length: count }, (_, place) => start(place)));

  return {
    async pay(request) {
      const able = running.filter((seller) => seller !== undefined);
      const seller = able[Math.floor(random() * able.length)];
      if (seller === undefined || !seller.child.connected) {
        await sleep(20);
        return "lost";
      }
      return new Promise((resolve) => {
        const silent = setTimeout(() => finish("lost"), SILENT_MS);
        const finish = (told: Told | "lost") => {
          clearTimeout(silent);
          seller.requests.delete(request.request);
          resolve(told);
        };
        seller.requests.set(request.request, finish);
        seller.child.send({ kind: "pay", request } satisfies ToWorker, (error) => {
          if (error !== null) finish("lost");
        });
      });
    },
    async close() {
      closed = true;
      for (const seller of running) seller?.child.kill("SIGKILL");
      await Promise.all(children);
    },
  };
}
