// Whether the sentinels that the connection names, and those that they know, are there to fail the primary over.
import { addressOf } from "../connection/establish.ts";
import { errorWord } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";
import type { Sentinels, VisitedServer } from "../redis-port.ts";
import { type About, askOf } from "./about.ts";
import { type Checked, counted, NOTHING_SOLD, ok, unknown, warning } from "./finding.ts";

/** What one sentinel says. A field is undefined where the user may not ask for it. */
interface Report {
  /** Whether it finds enough sentinels to agree on a failover. */
  readonly isEnough: boolean | undefined;
  /** The addresses of other sentinels that it does not reach. */
  readonly down: readonly string[] | undefined;
}

/** How many addresses are named. */
const MOST_SHOWN = 10;

/** Never rejects. Nothing where the connection names no sentinels. */
export async function checkSentinels(sentinels: Sentinels | undefined, about: About): Promise<readonly Checked[]> {
  if (sentinels === undefined || sentinels.nodes.length === 0) return [];
  const { nodes } = sentinels;
  const reports = await Promise.all(nodes.map((node) => reportOf(node, sentinels, about)));
  const answering = reports.filter((report) => report !== undefined);
  const silent = nodes.filter((_, at) => reports[at] === undefined).map(addressOf);
  const down = [...new Set([...silent, ...answering.flatMap((report) => report.down ?? [])])];
  const found: Checked[] = [];
  if (down.length > 0) {
    const these = down.length === 1 ? "This sentinel is" : "These sentinels are";
    const more = down.length > MOST_SHOWN ? ` and ${down.length - MOST_SHOWN} more` : "";
    found.push(
      warning(
        `down: ${down.slice(0, MOST_SHOWN).join(", ")}`,
        `${these} not reached, from here or by the others: ${down.slice(0, MOST_SHOWN).join(", ")}${more}. A failover needs most of them.`,
        "Start them again. Where one was taken away for good: SENTINEL RESET of the primary's name at each other one, and `sentinel.nodes` without it.",
      ),
    );
  }
  if (answering.some(({ isEnough }) => isEnough === false)) {
    found.push(
      warning(
        "too-few",
        `There are too few sentinels for a failover: where the primary dies, no other server takes its place. Then: ${NOTHING_SOLD}`,
        "Start sentinels, until SENTINEL CKQUORUM says OK at each.",
      ),
    );
  }
  if (found.length > 0) return found;
  if (answering.every(({ isEnough, down: peers }) => isEnough === undefined || peers === undefined)) {
    return [
      unknown(
        "untold",
        "The sentinels may not be asked about each other: their user needs sentinel|ckquorum and sentinel|sentinels.",
      ),
    ];
  }
  return [ok(`${counted(nodes.length, "sentinel")} answer, and are enough for a failover.`)];
}

/** Undefined where the sentinel does not answer. */
async function reportOf(
  node: Sentinels["nodes"][number],
  { name, visit }: Sentinels,
  about: About,
): Promise<Report | undefined> {
  let visited: VisitedServer | undefined;
  try {
    visited = await visit(node, about.askTimeoutMs);
    const ask = askOf(visited, about);
    const [isEnough, down] = await Promise.all([enough(ask, name), downOf(ask, name)]);
    return { isEnough, down };
  } catch {
    return undefined;
  } finally {
    visited?.close();
  }
}

async function enough(ask: AskServer, name: string): Promise<boolean | undefined> {
  try {
    await ask("SENTINEL", "CKQUORUM", name);
    return true;
  } catch (error) {
    const word = errorWord(error);
    if (word === undefined) throw error;
    return word === "NOQUORUM" ? false : undefined;
  }
}

async function downOf(ask: AskServer, name: string): Promise<readonly string[] | undefined> {
  try {
    const others = await ask("SENTINEL", "SENTINELS", name);
    return Array.isArray(others) ? others.flatMap(addressIfDown) : undefined;
  } catch (error) {
    if (errorWord(error) === undefined) throw error;
    return undefined;
  }
}

/** A list of names and values in turn. */
function addressIfDown(other: unknown): string[] {
  const words = Array.isArray(other) ? other.map(String) : [];
  const field = (name: string) => words.find((_, at) => at % 2 === 1 && words[at - 1] === name) ?? "";
  if (!/\b(s_down|o_down|disconnected)\b/.test(field("flags"))) return [];
  const host = field("ip")
    .replace(/[^\w.:-]/g, "")
    .slice(0, 100);
  return [addressOf({ host, port: Number(field("port")) })];
}
