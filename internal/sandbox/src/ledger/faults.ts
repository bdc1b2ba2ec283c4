// What the simulated ledger can be told to do wrong: be slow, fail before or after the work is done, or say something else.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** One thing to do wrong. */
export interface Fault {
  /** "lookup": an authorization that is asked for, or one call of `/rpc`, where a lookup takes several; a batch has as many as it holds. */
  on: "verify" | "settle" | "lookup";
  /** Wait this long before the work, in milliseconds, 0..120,000. */
  delayMs: number;
  /** "before": answer 500 and do nothing. "after": do the work, then cut the connection: the reply is lost. */
  fail?: "before" | "after" | undefined;
  /** Put over the answer's own fields. With fail "before": answered instead of the work, with 200. */
  answer?: Record<string, unknown> | undefined;
  /** How many calls it applies to. Default: all, until cleared. */
  times?: number | undefined;
}

export const faultSchema: z.ZodType<Fault> = z.strictObject({
  on: z.enum(["verify", "settle", "lookup"]),
  delayMs: z.int().min(0).max(120_000).default(0),
  fail: z.enum(["before", "after"]).optional(),
  answer: z.record(z.string(), z.unknown()).optional(),
  times: z.int().min(1).optional(),
});

export interface Faults {
  set(fault: Fault): void;
  clear(): void;
  /** Runs one call with whatever fault is set for it. Undefined: the reply is to be lost. */
  around(on: Fault["on"], work: () => Promise<object>): Promise<object | undefined>;
}

/** Thrown instead of doing the work. */
export class InjectedFault extends Error {
  override readonly name = "InjectedFault";
}

export function faults(): Faults {
  const active = new Map<Fault["on"], { fault: Fault; left: number }>();
  return {
    set: (fault) => void active.set(fault.on, { fault, left: fault.times ?? Number.POSITIVE_INFINITY }),
    clear: () => active.clear(),
    async around(on, work) {
      const entry = active.get(on);
      if (entry === undefined) return work();
      entry.left -= 1;
      if (entry.left <= 0) active.delete(on);
      const { delayMs, fail, answer } = entry.fault;
      if (delayMs > 0) await sleep(delayMs);
      if (fail === "before" && answer !== undefined) return answer;
      if (fail === "before") throw new InjectedFault("told to fail before doing anything");
      const result = await work();
      return fail === "after" ? undefined : { ...result, ...answer };
    },
  };
}
