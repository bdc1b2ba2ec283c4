// What a row of single calls finds: answers held against what they must be, and calls made until they are answered.
import { setTimeout as sleep } from "node:timers/promises";
import { DEADLINE_MS, MARGIN_MS } from "../bounds.ts";
import type { Ended } from "../contract.ts";
import type { Instance } from "../run/instances.ts";

export interface Findings {
  readonly unsafe: string[];
  check(holds: boolean, text: string): void;
  /** Every field of `wanted` is in `found`, with this value. */
  same(found: unknown, wanted: Readonly<Record<string, unknown>>, what: string): void;
}

export function openFindings(): Findings {
  const unsafe: string[] = [];
  const check = (holds: boolean, text: string) => void (holds || unsafe.push(text));
  return {
    unsafe,
    check,
    same(found, wanted, what) {
      const fields = typeof found === "object" && found !== null ? found : {};
      const differs = Object.entries(wanted).some(([name, value]) => Reflect.get(fields, name) !== value);
      check(!differs, `${what}: ${told(found)}, not ${told(wanted)}`);
    },
  };
}

export function told(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}n` : inner)) ?? "undefined";
}

type Call = Parameters<Instance["jobs"]["call"]>;

const TRIES = 40;

/** Calls until there is an answer: for calls that may be repeated. */
export async function answerTo({ jobs }: Instance, ...call: Call): Promise<unknown> {
  let last: Ended | undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    last = await jobs.call(...call);
    // A reply that came too late for its own call must not be taken for a later one's.
    if ("value" in last && tries > 0) await sleep(60);
    if ("value" in last) return last.value;
    await sleep(25);
  }
  throw new Error(`${call[0]}.${call[1]} is not answered: ${told(last)}`);
}

/** The call is refused, within its deadline, as unavailable. */
export function refusal(findings: Findings, ended: Ended, what: string, deadlineMs = DEADLINE_MS): void {
  const { check, same } = findings;
  check(ended.tookMs <= deadlineMs + MARGIN_MS, `${what} took ${ended.tookMs} ms`);
  same(ended, { code: "STORE_UNAVAILABLE" }, what);
}
