// The drill's traffic as a file: JSON lines, one request each, checked on the way in. apps/playground/drill/README.md documents it.
import { isIP } from "node:net";
import { z } from "zod";
import { UsageError } from "../command-line.ts";

interface Basics {
  /** Sent as X-Request-Id, and so found again in the upstream's log: `<file or seed>-<line>`. */
  id: string;
  /** Milliseconds since the trace's start. */
  at: number;
  /** The address that the edge proxy saw. */
  client: string;
  /** Path of a route that the gateway sells. */
  route: string;
  /** What the client itself wrote into X-Forwarded-For, to be taken for another client. */
  forwardedFor?: string | undefined;
  userAgent?: string | undefined;
}

/** One request, with every default filled in. */
export type DrillRequest =
  /** Without paying. */
  | (Basics & { action: "ask" })
  /** Pays for this one request. The same payment again is a retry or a duplicate; by another client a replay. */
  | (Basics & { action: "pay"; payment: string; payer: string; hangUp?: boolean | undefined })
  /** Pays for a session. */
  | (Basics & { action: "buy"; payment: string; payer: string; session: string })
  /** Uses a session that was bought before. */
  | (Basics & { action: "use"; session: string });

interface EventBasics {
  at: number;
  client: string;
  route?: string | undefined;
  forwardedFor?: string | undefined;
  userAgent?: string | undefined;
  /** For people: what the line was made of. */
  note?: string | undefined;
}

/** A line of a trace as it is written; what may be left out has a default. */
export type TraceEvent =
  | (EventBasics & { action: "ask" })
  | (EventBasics & {
      action: "pay";
      payment?: string | undefined;
      payer?: string | undefined;
      /** The client goes away while the payment is being settled, and asks again. */
      hangUp?: boolean | undefined;
    })
  | (EventBasics & { action: "buy"; session: string; payment?: string | undefined; payer?: string | undefined })
  | (EventBasics & { action: "use"; session: string });

const name = z.string().min(1).max(100);
const basics = {
  at: z
    .number()
    .min(0)
    .max(31 * 86_400_000),
  client: z.string().refine((text) => isIP(text) !== 0, "must be an IP address"),
  route: z
    .string()
    .regex(/^\/[\w/.-]*$/, "must be a path")
    .optional(),
  forwardedFor: z
    .string()
    .max(500)
    .regex(/^[\x20-\x7e]*$/, "must be printable ASCII")
    .optional(),
  userAgent: z
    .string()
    .max(500)
    .regex(/^[\x20-\x7e]*$/, "must be printable ASCII")
    .optional(),
  note: z.string().optional(),
};
const eventSchema: z.ZodType<TraceEvent> = z.discriminatedUnion("action", [
  z.strictObject({ ...basics, action: z.literal("ask") }),
  z.strictObject({
    ...basics,
    action: z.literal("pay"),
    payment: name.optional(),
    payer: name.optional(),
    hangUp: z.boolean().optional(),
  }),
  z.strictObject({
    ...basics,
    action: z.literal("buy"),
    session: name,
    payment: name.optional(),
    payer: name.optional(),
  }),
  z.strictObject({ ...basics, action: z.literal("use"), session: name }),
]);

const defaultRoute = { ask: "/quote", pay: "/quote", buy: "/stream" } as const;
/** More lines than these need more memory than a drill should take. */
const mostLines = 200_000;
/** So many problems are told. */
const mostProblems = 10;

/** A trace that cannot be played: every problem with its line. */
export class TraceError extends UsageError {}

/** Reads a trace. `source` begins the requests' ids. Throws a TraceError that names the lines. */
export function parseTrace(text: string, source: string): DrillRequest[] {
  const events: { line: number; event: TraceEvent }[] = [];
  const problems: string[] = [];
  const lines = text.split("\n");
  if (lines.length > mostLines + 1)
    throw new TraceError(`The trace has more than ${mostLines} lines; play a part of it.`);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const parsed = parseLine(line);
    if (typeof parsed === "string") problems.push(`line ${index + 1}: ${parsed}`);
    else events.push({ line: index + 1, event: parsed });
  }
  if (problems.length === 0 && events.length === 0) problems.push("it has no requests");
  const requests = problems.length === 0 ? resolve(events, source, problems) : [];
  if (problems.length > 0) {
    const more = problems.length > mostProblems ? `; and ${problems.length - mostProblems} more` : "";
    throw new TraceError(`The trace cannot be played: ${problems.slice(0, mostProblems).join("; ")}${more}.`);
  }
  return requests;
}

/** The same for events that never were a file, such as the generated traffic. */
export function requestsOf(events: readonly TraceEvent[], source: string): DrillRequest[] {
  const problems: string[] = [];
  const requests = resolve(
    events.map((event, index) => ({ line: index + 1, event })),
    source,
    problems,
  );
  if (problems.length > 0) throw new TraceError(`The traffic cannot be played: ${problems.join("; ")}.`);
  return requests;
}

function parseLine(line: string): TraceEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "is no JSON";
  }
  const parsed = eventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".") ?? "";
  return path === "" ? (issue?.message ?? "is no event") : `${path}: ${issue?.message}`;
}

/** Sorts by time, fills in defaults, and makes sure that sessions are bought once, before they are used. */
function resolve(
  events: readonly { line: number; event: TraceEvent }[],
  source: string,
  problems: string[],
): DrillRequest[] {
  const prefix = source.replace(/[^\w.-]+/g, "_").slice(0, 60);
  const payers = new Map<string, string>();
  const boughtFor = new Map<string, string>();
  const sorted = [...events].sort((a, b) => a.event.at - b.event.at || a.line - b.line);
  return sorted.flatMap(({ line, event }): DrillRequest[] => {
    const { at, client, forwardedFor, userAgent } = event;
    const common = { id: `${prefix}-${line}`, at, client, forwardedFor, userAgent };
    if (event.action === "use") {
      const route = boughtFor.get(event.session);
      if (route === undefined) problems.push(`line ${line}: nobody has bought this session before`);
      if (event.route !== undefined && route !== undefined && event.route !== route)
        problems.push(`line ${line}: this session was bought for another route`);
      return [{ ...common, action: "use", route: route ?? "", session: event.session }];
    }
    const route = event.route ?? defaultRoute[event.action];
    if (event.action === "ask") return [{ ...common, action: "ask", route }];
    const { payment = common.id } = event;
    // A payment is signed once, by the first payer named with it: later ones present a copy.
    const payer = payers.get(payment) ?? event.payer ?? client;
    payers.set(payment, payer);
    if (event.action === "pay") {
      return [{ ...common, action: "pay", route, payment, payer, ...(event.hangUp && { hangUp: true }) }];
    }
    if (boughtFor.has(event.session)) problems.push(`line ${line}: this session was bought before`);
    boughtFor.set(event.session, route);
    return [{ ...common, action: "buy", route, payment, payer, session: event.session }];
  });
}

/** Events as the lines of a file. */
export function writeTrace(events: readonly TraceEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}
