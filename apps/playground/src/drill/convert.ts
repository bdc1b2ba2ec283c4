// An access log in the combined (or common) log format as a trace: the same clients, times and order, on the drill's routes.
import { isIP } from "node:net";
import type { TraceEvent } from "./trace.ts";

export interface Converted {
  events: TraceEvent[];
  /** Lines that are no request of a known client, and the first of them by number. */
  skipped: number;
  firstSkipped: readonly number[];
}

export interface ConvertOptions {
  /** 2xx become uses of a session that the client buys before its first one, instead of payments of their own. */
  sessions: boolean;
}

/** host ident user [time] "METHOD path HTTP/x" status ..., and whatever follows: referrer and user agent may be missing. */
const linePattern =
  /^(\S+) \S+ .*?\[([^\]]+)\] "([A-Z]+) (\S+)(?:[^"\\]|\\.)*" (\d{3})(?: \S+(?: "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)")?)?/;
/** Servers write a quote as \" or \x22, a backslash as \\ or \x5C, and other bytes as \xHH. */
const escapePattern = /\\(?:x([0-9A-Fa-f]{2})|(["\\]))/g;
const timePattern = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const namedSkips = 5;

interface Logged {
  seconds: number;
  client: string;
  request: string;
  status: number;
  userAgent: string | undefined;
}

/**
 * An access log knows no payments, so they are made up: each address is a payer; 2xx and 429 become paid requests (what
 * was refused for its rate was wanted too), everything else asks without paying. The log's times are whole seconds: the
 * requests of one second are spread over it evenly, in their order.
 */
export function convertAccessLog(text: string, { sessions }: ConvertOptions): Converted {
  const logged: Logged[] = [];
  const skippedLines: number[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const one = readLine(line);
    if (one === undefined) skippedLines.push(index + 1);
    else logged.push(one);
  }
  // Servers log when they have answered: a little out of order.
  logged.sort((a, b) => a.seconds - b.seconds);
  const first = logged[0]?.seconds ?? 0;
  const perSecond = new Map<number, number>();
  for (const { seconds } of logged) perSecond.set(seconds, (perSecond.get(seconds) ?? 0) + 1);
  const within = new Map<number, number>();
  const bought = new Set<string>();
  const events = logged.flatMap(({ seconds, client, request, status, userAgent }): TraceEvent[] => {
    const nth = within.get(seconds) ?? 0;
    within.set(seconds, nth + 1);
    const at = (seconds - first) * 1_000 + Math.floor((1_000 * nth) / (perSecond.get(seconds) ?? 1));
    const common = { at, client, ...(userAgent !== undefined && { userAgent }), note: `${request} ${status}` };
    const paying = (status >= 200 && status < 300) || status === 429;
    if (!paying) return [{ ...common, action: "ask" }];
    if (!sessions) return [{ ...common, action: "pay" }];
    if (bought.has(client)) return [{ ...common, action: "use", session: client }];
    bought.add(client);
    return [{ ...common, action: "buy", session: client }];
  });
  return { events, skipped: skippedLines.length, firstSkipped: skippedLines.slice(0, namedSkips) };
}

function readLine(line: string): Logged | undefined {
  const [, client = "", time = "", method = "", path = "", status = "", agent] = linePattern.exec(line) ?? [];
  const seconds = secondsOf(time);
  if (isIP(client) === 0 || seconds === undefined) return undefined;
  const userAgent = agent === undefined || agent === "-" ? undefined : printable(unescaped(agent), 500);
  return { seconds, client, request: printable(`${method} ${path}`, 200), status: Number(status), userAgent };
}

const unescaped = (text: string) =>
  text.replace(escapePattern, (_, hex: string | undefined, char: string | undefined) =>
    hex === undefined ? (char ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
const printable = (text: string, length: number) => text.replace(/[^\x20-\x7e]/g, "?").slice(0, length);

/** Unix seconds of a time such as "10/Oct/2000:13:55:36 -0700". */
function secondsOf(time: string): number | undefined {
  const [, day, month = "", year, hour, minute, second, sign, offsetHours, offsetMinutes] =
    timePattern.exec(time) ?? [];
  const monthIndex = months.indexOf(month);
  if (monthIndex < 0) return undefined;
  const utc = Date.UTC(Number(year), monthIndex, Number(day), Number(hour), Number(minute), Number(second)) / 1_000;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60;
  return sign === "-" ? utc + offset : utc - offset;
}
