// Broken session stores for ids that are known before anything is sent.
import { isStoreError, type SessionStore } from "@tollbooth-stores/core";
import type { Harness } from "../harness.ts";
import { brokenHarness, brokenStore, type Mutant } from "./mutant.ts";
import type { Reference } from "./reference.ts";
import { creating } from "./session-create.ts";

const sessions = ({ harnesses }: Reference) => harnesses.sessions;
const store = (caughtBy: string, title: string, broken: Parameters<typeof brokenStore<SessionStore>>[3]) =>
  brokenStore(sessions, caughtBy, title, broken);

const isIssued = (id: string | undefined) => id !== undefined && /^[\w-]{19}\.[\w-]{43}$/.test(id);

/** No instance sees what another one has. */
export function separateInstances({ create }: Harness<SessionStore>): Partial<Harness<SessionStore>> {
  let instances = 0;
  return {
    create(namespace) {
      instances += 1;
      return create(`${namespace}-${instances}`);
    },
  };
}

export const issuedIdMutants: readonly Mutant<SessionStore>[] = [
  store("sessions/1d", "issues another id than the one that it was given", ({ right }) => ({
    create: creating(right, { before: ({ id, ...input }) => (isIssued(id) ? input : { ...input, id }) }),
  })),
  brokenHarness(sessions, "sessions/1e", "keeps the sessions of each instance apart", separateInstances),
  store("sessions/1f", "drops the subject of a session with an issued id", ({ right }) => ({
    create: creating(right, {
      before: ({ subject, ...input }) => (isIssued(input.id) ? input : { ...input, subject }),
    }),
  })),
  store("sessions/1f", "takes an id that was issued for another subject", ({ right }) => ({
    create: creating(right, {
      before: ({ id, ...input }) =>
        isIssued(id) && input.subject === "bob" ? { ...input, id: right.newId(input) } : { ...input, id },
    }),
  })),
  store("sessions/8c", "rotates to an id that it issues itself", ({ right }) => ({ rotate: (id) => right.rotate(id) })),
  store("sessions/8d", "makes room under the new id", ({ right }) => ({
    async rotate(id, options) {
      if (options?.newId !== undefined && options.newId !== id) await right.delete(options.newId);
      return right.rotate(id, options);
    },
  })),
  store("sessions/8d", "takes any new id", ({ right }) => ({
    rotate: (id, options) =>
      right.rotate(id, options).catch((error: unknown) => {
        if (isStoreError(error, "STORE_INVALID_ARGUMENT")) return right.rotate(id);
        throw error;
      }),
  })),
];
