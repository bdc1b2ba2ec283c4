// How a framework's paid() treats requests before its gate answers them.
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments, requireKnownOptions } from "@tollbooth-stores/core/native";
import { type Answer, DEFAULT_MAX_ANSWER_BYTES, problem } from "./answer.ts";
import { DEFAULT_MAX_BODY_BYTES } from "./fetch-messages.ts";
import { requireBytes } from "./option-types.ts";
import type { PaidGate, RequestContext } from "./paid-gate.ts";
import { fileReadingsOf, hasLeavingDots } from "./path-readings.ts";

export interface PaidOptions {
  /** In bytes, at least 1, default 1,048,576. A larger request body is 413, and nothing is asked. */
  maxBodyBytes?: number | undefined;
  /**
   * In bytes, at least 1, default 67,108,864 (64 MiB). The whole answer is held in memory until it is paid for, so a larger one is the
   * handler's error, a RangeError, and is not charged. Behind a gate that settles first the payment stays owed.
   */
  maxAnswerBytes?: number | undefined;
  /**
   * A request that the gate has no route for. "pass": the next handler answers, for nothing. "refuse": 404, so that a handler whose
   * route is spelt otherwise in the gate, or has another method there, gives nothing away.
   */
  unsold?: "pass" | "refuse" | undefined;
}

const names = { maxBodyBytes: true, maxAnswerBytes: true, unsold: true } as const;

export interface PaidSettings {
  maxBodyBytes: number;
  maxAnswerBytes: number;
  unsold: "pass" | "refuse" | undefined;
}

/**
 * The options of a framework's paid(), with their defaults. Throws STORE_CONFIG without a gate, for a misspelt option, and for bounds that
 * are no positive integer: NaN, as of an environment variable that is not set, would bound nothing.
 */
export function paidSettings(gate: PaidGate, options: PaidOptions = {}): PaidSettings {
  return checkArguments("paid", () => {
    // JavaScript may give anything, a promise of a gate for one.
    if (typeof Object(gate).handle !== "function") {
      throw new StoreError(
        "STORE_CONFIG",
        "was given no gate: it has no handle(context, body, serve). Give it what paidRoutes(...) returns, awaited if it is a promise.",
      );
    }
    requireKnownOptions(options, names);
    const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, maxAnswerBytes = DEFAULT_MAX_ANSWER_BYTES, unsold } = options;
    for (const [name, bytes] of Object.entries({ maxBodyBytes, maxAnswerBytes })) requireBytes(name, bytes);
    if (unsold !== undefined && unsold !== "pass" && unsold !== "refuse") {
      throw new StoreError("STORE_CONFIG", 'unsold must be "pass" or "refuse".');
    }
    return { maxBodyBytes, maxAnswerBytes, unsold };
  });
}

/**
 * "ask": the gate answers. "pass": the next handler does. Decided before a body is read. 404 for a path with dots that lead elsewhere, or
 * that passes as it is and is sold as a file server reads it: what is behind the gate would be given away, or for another price.
 */
export function beforeGate(
  gate: PaidGate,
  context: RequestContext,
  unsold: "pass" | "refuse",
): "ask" | "pass" | Answer {
  const paths = [context.path, context.decodedPath ?? context.path];
  if (paths.some(hasLeavingDots)) return ambiguous();
  const { sells } = gate;
  if (sells === undefined || sells.call(gate, context)) return "ask";
  if (unsold === "pass") {
    const isSold = (path: string) => sells.call(gate, { ...context, path, decodedPath: path });
    return paths.flatMap(fileReadingsOf).some(isSold) ? ambiguous() : "pass";
  }
  const asked = shownText(`${context.method} ${context.path}`);
  return problem(404, "not_sold", `paid() stands before this, and its gate has no route for ${asked}.`);
}

const ambiguous = () =>
  problem(
    404,
    "ambiguous_path",
    "The path has dots or encoded slashes that could lead to what is sold. Spell it without them.",
  );

const MOST_SHOWN = 200;

/** The client's own words as they may be shown: bounded, and of printable ASCII that begins no markup. */
function shownText(text: string): string {
  const escaped = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const shown = JSON.stringify(text.slice(0, MOST_SHOWN)).replace(/[^\x20-\x7e]|[<>&]/g, escaped);
  return text.length > MOST_SHOWN ? `${shown} and so on` : shown;
}
