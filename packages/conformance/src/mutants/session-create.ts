// Helpers of the broken session stores: `create` with its two forms, and a session that must be there.
import type { CallOptions, NewSession, SessionRecord, SessionStore } from "@tollbooth-stores/core";

interface CreateInput extends NewSession<unknown> {
  id?: string | undefined;
}

/** `create` with something done to what goes in or comes out. */
export function creating(
  right: SessionStore,
  {
    before = (input) => input,
    after = (record) => record,
  }: { before?(input: CreateInput): CreateInput; after?(record: SessionRecord<unknown>): SessionRecord<unknown> },
): SessionStore["create"] {
  type Ok = { status: "ok"; record: SessionRecord<unknown> };
  function create(input: NewSession<unknown> & { id?: undefined }, options?: CallOptions): Promise<Ok>;
  function create(input: CreateInput, options?: CallOptions): Promise<Ok | { status: "exists" }>;
  async function create(given: CreateInput, options?: CallOptions): Promise<Ok | { status: "exists" }> {
    const { id, ...input } = before(given);
    const answer =
      id === undefined ? await right.create(input, options) : await right.create({ ...input, id }, options);
    return answer.status === "ok" ? { status: "ok", record: after(answer.record) } : answer;
  }
  return create;
}

/** The live session. */
export async function live(
  right: SessionStore,
  id: string,
): Promise<NonNullable<Awaited<ReturnType<SessionStore["get"]>>>> {
  const record = await right.get(id);
  if (record === null) throw new Error("the session is gone");
  return record;
}
