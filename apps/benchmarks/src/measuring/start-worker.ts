// A contender's process, as the program that measures it sees it.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Slice, SliceRequest } from "./measure.ts";
import type { WorkerOrder, WorkerTask, WorkerWord } from "./worker.ts";

export interface Worker {
  run(request: SliceRequest): Promise<Slice>;
  stop(): Promise<void>;
}

const program = new URL("./worker.ts", import.meta.url);

/** Resolves once the contender has proved itself. Rejects with what was wrong with its answers. */
export async function startWorker(task: WorkerTask): Promise<Worker> {
  const child = fork(program, [JSON.stringify(task)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    const order: WorkerOrder = "close";
    child.send(order, () => {});
    const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await exited;
    clearTimeout(timer);
  };
  try {
    await nextWord(child);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return {
    async run(request) {
      const word = nextWord(child);
      child.send(request);
      const answer = await word;
      if (!("slice" in answer)) throw new Error("The contender's process answered out of turn.");
      return answer.slice;
    },
    stop,
  };
}

/** Rejects where the contender failed, and where its process ended. */
function nextWord(child: ChildProcess): Promise<Exclude<WorkerWord, { failed: string }>> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("The contender's process ended."));
    child.once("exit", ended);
    child.once("message", (word: WorkerWord) => {
      child.off("exit", ended);
      if ("failed" in word) reject(new Error(word.failed));
      else resolve(word);
    });
  });
}
