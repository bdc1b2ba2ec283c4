// When a call must also prove the role of its server: a primary may become a replica that takes writes under a running connection.

/** How long one proof counts, and when one call asks for the next. Milliseconds. */
const PROOF_MS = 100;
const ASK_AGAIN_MS = 50;

export interface RoleProof {
  /** Whether the next call is to ask. */
  isDue(): boolean;
  /** Sends a call that asks. Its answer is the proof; where it fails, the next call asks, too. */
  ask(send: () => Promise<unknown>): Promise<unknown>;
}

export function roleProof(): RoleProof {
  /** When the last call was sent whose answer proved the role. A call that is on its way proves nothing yet. */
  let provenAtMs = Number.NEGATIVE_INFINITY;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return {
    isDue() {
      const nowMs = performance.now();
      // Before the proof is too old one call asks; once it is, all do: what they would change must not be on a replica.
      return nowMs - provenAtMs >= PROOF_MS || nowMs - askedAtMs >= ASK_AGAIN_MS;
    },
    async ask(send) {
      const sentAtMs = performance.now();
      askedAtMs = sentAtMs;
      try {
        const answer = await send();
        provenAtMs = Math.max(provenAtMs, sentAtMs);
        return answer;
      } catch (error) {
        provenAtMs = Number.NEGATIVE_INFINITY;
        throw error;
      }
    },
  };
}
