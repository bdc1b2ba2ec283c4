// Broken session stores that do well with few sessions, ids or quotas.
import { isStoreError, type SessionStore } from "@tollbooth-stores/core";
import { brokenStore, type Mutant } from "./mutant.ts";
import type { Reference } from "./reference.ts";

const sessions = ({ harnesses }: Reference) => harnesses.sessions;
const store = (caughtBy: string, title: string, broken: Parameters<typeof brokenStore<SessionStore>>[3]) =>
  brokenStore(sessions, caughtBy, title, broken);

export const sessionScaleMutants: readonly Mutant<SessionStore>[] = [
  store("sessions/7d", "drops quotas that it has no room for", ({ right }) => ({
    async credit(id, grant) {
      try {
        return await right.credit(id, grant);
      } catch (error) {
        if (!isStoreError(error, "STORE_VALUE_TOO_LARGE")) throw error;
        return { status: "ok", expiresAtMs: 0, replayed: false };
      }
    },
  })),
  store("sessions/8e", "rotates one session at a time, and refuses the others", ({ right }) => {
    let busy = false;
    return {
      async rotate(id, options) {
        if (busy) return { status: "missing" };
        busy = true;
        const answer = await right.rotate(id, options);
        busy = false;
        return answer;
      },
    };
  }),
  store("sessions/9d", "deletes the first hundred sessions of a subject", ({ right }) => ({
    async deleteBySubject(subject) {
      let deleted = 0;
      for await (const { handle } of right.listBySubject(subject)) {
        if (deleted < 100 && (await right.delete({ handle }))) deleted += 1;
      }
      return { deleted };
    },
  })),
  store("sessions/11d", "reads a thousand ids of getMany", ({ right }) => ({
    async getMany(ids) {
      const found = await right.getMany(ids.slice(0, 1_000));
      return ids.map((_, index) => found[index] ?? null);
    },
  })),
];
