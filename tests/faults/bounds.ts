// What the tests hold and the READMEs quote: deadlines, times to recover, and how much Redis itself may lose.

/** `commandTimeoutMs` of every store here: the default. */
export const DEADLINE_MS = 500;
/** A call may settle so much later than its deadline, beside what its process was not scheduled. */
export const MARGIN_MS = 250;

/** How a connection failed: its end was seen; it went silent; or another server became the primary. */
export type Loss = "ended" | "silent" | "failover";

/** Calls succeed again on every key within so long after the service is back, in milliseconds. */
export const RECOVERY_MS: Readonly<Record<Loss, number>> = { ended: 3_000, silent: 5_000, failover: 5_000 };

/**
 * Replication is asynchronous: what the old primary acknowledged last may be missing on the new one. The acknowledgements
 * of lost effects span at most so long, in milliseconds.
 */
export const REDIS_WINDOW_MS = 2_000;

const seconds = (ms: number) => `${ms / 1_000} s`;

/** What READMEs say of it. */
export const boundSentence = `Calls succeed again within ${seconds(RECOVERY_MS.ended)} of the service being back where connections ended, and within ${seconds(RECOVERY_MS.silent)} where they went silent or another server became the primary.`;
