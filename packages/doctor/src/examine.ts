// An examination of everything that a configuration names: its servers, and the payments that are in doubt.
import { type Environment, type Examined, type LoadedStores, loadStores } from "@tollbooth-stores/config";
import { isStoreError, type VerificationStore } from "@tollbooth-stores/core";

export interface ExamineOptions {
  /** A path, YAML or JSON text with a line break, or an object, as `loadStores` takes it. */
  config?: unknown;
  /** A Redis to look at without a configuration, e.g. "redis://127.0.0.1:6379". Give this or `config`. */
  url?: string | undefined;
  /** The client library for `url`: "redis" (node-redis) or "ioredis", the default. */
  client?: "redis" | "ioredis" | undefined;
  /** Where `${VAR}` of the configuration comes from. Default `process.env`. */
  env?: Environment | undefined;
}

/** What was found. Errors first. */
export interface Examination {
  findings: readonly Finding[];
  /** Payments that were settled or may have been, and are not delivered. Undefined where they could not be listed. */
  payments: { inDoubt: number; owed: number; oldestMs: number } | undefined;
}

export type Finding = Omit<Examined, "check"> & { check: Examined["check"] | "payments" };

/** So old a doubt is no attempt under way any more, in milliseconds. */
const OLD_MS = 600_000;
const order = ["error", "warning", "unknown", "ok"] as const;

/** Throws STORE_CONFIG for a configuration with mistakes. A server that does not answer is a finding. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const stores = await openStores(options);
  try {
    const findings: Finding[] = [...(await stores.examine())];
    const payments = await countPayments(stores.verifications).catch((error: unknown) => {
      if (!isStoreError(error)) throw error;
      return undefined;
    });
    const { verifications } = stores.describe();
    const about = { check: "payments", provider: verifications.provider, stores: ["verifications"] } as const;
    if (payments === undefined) {
      findings.push({ ...about, level: "unknown", message: "The payments in doubt could not be listed." });
    } else findings.push({ ...about, ...doubt(payments) });
    return { findings: findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level)), payments };
  } finally {
    await stores.close();
  }
}

/** Opens the stores without a strict start, which would refuse what the doctor is to look at. */
export async function openStores({ config, url, client, env }: ExamineOptions): Promise<LoadedStores> {
  const options = { ...(env !== undefined && { env }), onWarning: () => {} };
  if (url === undefined) return loadStores(config, { ...options, strict: false });
  const provider = client ?? "ioredis";
  // The url comes from a person, not from a document: nothing in it is expanded.
  return loadStores({ stores: { provider, [provider]: { url } } }, { ...options, env: false, strict: false });
}

async function countPayments(store: VerificationStore): Promise<NonNullable<Examination["payments"]>> {
  const counts = { inDoubt: 0, owed: 0, oldestMs: 0 };
  for await (const { kind, atMs } of store.unresolved()) {
    if (kind === "in-doubt") counts.inDoubt += 1;
    else counts.owed += 1;
    counts.oldestMs = Math.max(counts.oldestMs, Date.now() - atMs);
  }
  return counts;
}

function doubt({
  inDoubt,
  owed,
  oldestMs,
}: NonNullable<Examination["payments"]>): Pick<Finding, "level" | "message" | "mend"> {
  if (inDoubt + owed === 0) return { level: "ok", message: "No payment is in doubt or owed." };
  const message = `${inDoubt} payments are in doubt and ${owed} are owed, the oldest for ${Math.round(oldestMs / 60_000)} minutes.`;
  if (oldestMs < OLD_MS) return { level: "ok", message };
  return {
    level: "warning",
    message,
    mend: "`doctor payments list` names them; `reconcileUnresolved` asks the chain.",
  };
}
