// Kills or restarts one instance, by its name.
import { type ActionContext, NotNow, type Outcome } from "./action.ts";

/** kill -9; it comes back by itself. */
export async function kill({ instances }: ActionContext, name: string): Promise<Outcome> {
  const pid = await known(async () => instances.kill(name));
  if (pid === undefined) throw new NotNow(`${name} has no process just now; wait until it is back.`);
  const outcome = `Process ${pid} was killed with SIGKILL, whatever it was doing. ${name} comes back by itself.`;
  return { title: `Kill ${name}`, outcome, ok: true, answers: [], curl: [] };
}

/** Out of rotation, what is in flight, SIGTERM, a new process. Resolves when it serves. */
export async function restart({ instances }: ActionContext, name: string): Promise<Outcome> {
  const pidOf = () => instances.list().find((one) => one.name === name)?.pid;
  const before = pidOf();
  await known(() => instances.restart(name));
  const outcome = `Process ${before ?? "?"} finished what it had in flight and ended; ${pidOf() ?? "?"} took its place.`;
  return { title: `Restart ${name}`, outcome, ok: true, answers: [], curl: [] };
}

async function known<T>(order: () => Promise<T>): Promise<T> {
  try {
    return await order();
  } catch (error) {
    throw error instanceof RangeError ? new NotNow("There is no such instance any more.") : error;
  }
}
