// An examination of everything that a configuration names: its servers, and the payments that are in doubt.
import { type Examined, type LoadedStores, loadStores } from "@tollbooth-stores/config";
import { countPayments } from "./count-payments.ts";
import { type Counts, doubt } from "./doubt.ts";
import { type ExamineOptions, requireExamineOptions } from "./examine-options.ts";
import { anotherPrefix, paymentsPrefix } from "./own-keys.ts";

/** What was found. Errors first. */
export interface Examination {
  findings: readonly Finding[];
  /**
   * Payments that were settled or may have been, and are not delivered. Undefined where they could not be listed, and where no
   * key of the stores is under their prefixes, although the server has others.
   */
  payments: Counts | undefined;
}

/** "configuration": what `loadStores` warns of, such as no `keySecret`. "payments": those in doubt or owed. */
export type Finding = Omit<Examined, "check"> & { check: Examined["check"] | "payments" | "configuration" };

const order = ["error", "warning", "unknown", "ok"] as const;

/** Rejects with STORE_CONFIG for wrong options, and for a configuration with mistakes. A server that does not answer is a finding. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  requireExamineOptions(options);
  const stores = await openStores(options);
  try {
    let examined: readonly Examined[] = await stores.examine();
    const { provider: described, shared } = stores.describe().verifications;
    const counted =
      shared && !isAway(examined)
        ? await countPayments(stores, { mayBeElsewhere: options.url !== undefined })
        : undefined;
    if (counted?.failure !== undefined) {
      // Whether the server hangs by now, or refuses this alone.
      const now = (await stores.examine({ criticalOnly: true })).filter(isReachError);
      examined = [...examined.filter((each) => !now.some((error) => isSamePlace(each, error))), ...now];
    }
    const payments = counted?.counts;
    // The server's findings have the port's name.
    const provider = examined.find(({ stores }) => stores.includes("verifications"))?.provider ?? described;
    const about = { check: "payments", provider, stores: ["verifications"] } as const;
    const found =
      payments === undefined
        ? notListed({ shared, isAway: isAway(examined), ...counted })
        : doubt(payments, paymentsPrefix(stores));
    const findings: Finding[] = [...configurationFindings(stores, options), ...examined, { ...about, ...found }];
    return { findings: findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level)), payments };
  } finally {
    await stores.close();
  }
}

/** A url alone is no configuration: what it leaves out says nothing about the gateway's. */
function configurationFindings({ describe }: LoadedStores, { url }: ExamineOptions): readonly Finding[] {
  const { warnings, verifications } = describe();
  if (url !== undefined) return [];
  const about = { provider: verifications.provider, stores: ["rateLimits", "sessions", "verifications"] } as const;
  return warnings.map((message) => {
    // A warning begins with the path that it is about.
    const [topic = message] = message.split(": ", 1);
    return { ...about, check: "configuration", level: "warning", topic, message };
  });
}

const isReachError = ({ check, level }: Examined) => check === "reachable" && level === "error";
const isAway = (examined: readonly Examined[]) =>
  examined.some((each) => isReachError(each) && each.stores.includes("verifications"));

/** Whether `each` says how the server of `error` is reached. */
const isSamePlace = (each: Examined, error: Examined) =>
  each.check === "reachable" &&
  each.stores.join() === error.stores.join() &&
  (error.server === undefined || each.server === error.server);

/**
 * Opens the stores without a strict start, which would refuse what the doctor is to look at. What the configuration warns of is
 * in `describe().warnings`.
 */
export async function openStores({ config, url, client, keyPrefix, env }: ExamineOptions): Promise<LoadedStores> {
  const options = { ...(env !== undefined && { env }), onWarning: () => {} };
  if (url === undefined) return loadStores(config, { ...options, strict: false });
  const provider = client ?? "ioredis";
  // The url comes from a person, not from a document: nothing in it is expanded.
  return loadStores(
    { stores: { provider, [provider]: { url }, keyPrefix } },
    { ...options, env: false, strict: false },
  );
}

interface NotListed {
  shared: boolean;
  isAway: boolean;
  failure?: string;
  noKeys?: string;
}

type FoundOut = Pick<Finding, "level" | "topic" | "message" | "mend">;

function notListed({ shared, isAway, failure = "", noKeys }: NotListed): FoundOut {
  if (noKeys !== undefined) return { level: "unknown", topic: "no-keys", message: noKeys, mend: anotherPrefix };
  if (!shared) {
    const message = "Payments are kept in the memory of each process: those in doubt are seen by it alone.";
    return { level: "unknown", topic: "not-shared", message };
  }
  const why = isAway ? "See `reachable`." : failure;
  return { level: "unknown", topic: "not-listed", message: `The payments in doubt could not be listed. ${why}` };
}
