// The process of one contender: it proves itself, then runs one slice at a time. Its garbage and its compiled code are its own.
import { workloads } from "../workloads.ts";
import { measure, type Slice, type SliceRequest } from "./measure.ts";
import type { Server } from "./subject.ts";

/** Handed over as the first argument. */
export interface WorkerTask {
  workload: string;
  contender: string;
  server: Server;
}

/** What the worker says: that it is ready or failed, then one slice for each request. */
export type WorkerWord = { ready: true } | { failed: string } | { slice: Slice };
export type WorkerOrder = SliceRequest | "close";

function say(word: WorkerWord): void {
  process.send?.(word);
}

async function main(task: WorkerTask): Promise<void> {
  const contender = workloads[task.workload]?.[task.contender];
  if (contender === undefined) throw new Error(`There is no ${task.contender} in ${task.workload}.`);
  await contender.check(task.server);
  const subject = await contender.open(task.server);
  process.on("message", async (order: WorkerOrder) => {
    if (order === "close") {
      await subject.close();
      process.exit();
    }
    measure(subject, order).then(
      (slice) => say({ slice }),
      (error) => say({ failed: String(error) }),
    );
  });
  say({ ready: true });
}

// Without a parent nothing is left to measure for.
process.on("disconnect", () => process.exit());
main(JSON.parse(process.argv[2] ?? "")).catch((error) => say({ failed: String(error) }));
