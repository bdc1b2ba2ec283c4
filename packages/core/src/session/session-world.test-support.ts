// For tests: a session store and its model side by side; each call is made on both, and the answers compared.
import { expect } from "vitest";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import { type Command, idleTtlMs, Model, maximum, type Session } from "./session-model.test-support.ts";
import type { SessionRecord, SessionStore } from "./session-store.ts";

/** What the model must agree with, and no more: ids are the store's own, versions count from the first seen. */
export class World {
  readonly clock: ManualClock = manualClock();
  readonly port: MapPort = mapPort(this.clock);
  readonly store: SessionStore<number> = createSessionStore<number>(this.port, { defaults: { idleTtlMs } });
  readonly model: Model = new Model();
  readonly ids: Map<string, string> = new Map([["mine", "mine"]]);
  readonly dead: string[] = [];
  readonly firstVersions: Map<string, number> = new Map();

  id(of: string): string {
    // Before its first create: an id that looks issued and never was.
    return this.ids.get(of) ?? `${"x".repeat(19)}.${of.repeat(43)}`;
  }

  same(of: string, record: SessionRecord<number> | null, session: Session | undefined): void {
    if (record === null || session === undefined) {
      expect([record, session]).toEqual([null, undefined]);
      return;
    }
    const { id, data, version, expiresAtMs, quotas = {} } = record;
    expect({ id, data, expiresAtMs }).toEqual({
      id: this.id(of),
      data: session.data,
      expiresAtMs: session.expiresAtMs,
    });
    expect(new Map(Object.entries(quotas))).toEqual(session.quotas);
    expect([record.subject, record.idleTtlMs, record.absoluteExpiresAtMs]).toEqual([
      session.subject,
      session.idleTtlMs,
      session.absoluteExpiresAtMs,
    ]);
    const first = this.firstVersions.get(of) ?? version - session.changes;
    this.firstVersions.set(of, first);
    expect(version).toBe(first + session.changes);
  }

  async run(command: Command): Promise<void> {
    const nowMs = this.clock.now();
    const { store, model } = this;
    if (command.type === "advance") return this.clock.advance(command.ms);
    if (command.type === "list") {
      const listed: number[] = [];
      for await (const { data, subject: owner } of store.listBySubject(command.subject)) {
        expect(owner).toBe(command.subject);
        listed.push(data);
      }
      const expected = [...model.sessions.values()].filter(
        (s) => s.subject === command.subject && s.expiresAtMs > nowMs,
      );
      expect(listed.sort()).toEqual(expected.map((s) => s.data).sort());
      return;
    }
    if (command.type === "deleteBySubject") {
      const gone = [...model.sessions].filter(
        ([of, s]) => s.subject === command.subject && s.expiresAtMs > nowMs && of !== command.except,
      );
      const exceptId = command.except === undefined ? undefined : this.id(command.except);
      expect(await store.deleteBySubject(command.subject, { exceptId })).toEqual({ deleted: gone.length });
      for (const [of] of gone) model.sessions.delete(of);
      return;
    }
    const of = command.name;
    const id = this.id(of);
    const session = model.live(of, nowMs);
    switch (command.type) {
      case "create": {
        const { absoluteTtlMs } = command;
        const quotas = command.quota === undefined ? undefined : { q: command.quota };
        const fresh = {
          data: 0,
          changes: 0,
          expiresAtMs: nowMs + Math.min(idleTtlMs, absoluteTtlMs ?? idleTtlMs),
          idleTtlMs,
          absoluteExpiresAtMs: absoluteTtlMs === undefined ? undefined : nowMs + absoluteTtlMs,
          quotas: new Map(Object.entries(quotas ?? {})),
        };
        if (of === "mine") {
          const reply = await store.create({ id: of, data: 0, absoluteTtlMs, quotas });
          expect(reply.status).toBe(session === undefined ? "ok" : "exists");
          if (reply.status !== "ok") return;
          this.begin(of, of, fresh, reply.record);
        } else {
          const { record } = await store.create({ data: 0, subject: command.subject, absoluteTtlMs, quotas });
          // The name's earlier session lives on without one: delete it, so that names and sessions stay one to one.
          await store.delete(id);
          for (const operation of [...model.applied.keys()]) {
            if (operation.startsWith(`${of}/`)) model.applied.delete(operation);
          }
          this.begin(of, record.id, { ...fresh, subject: command.subject }, record);
        }
        return;
      }
      case "get":
        return this.same(of, await store.get(id), session);
      case "getTouch":
      case "touch": {
        if (session !== undefined) {
          model.touch(session, nowMs);
          model.extend(of, session.expiresAtMs, nowMs);
        }
        if (command.type === "getTouch") return this.same(of, await store.get(id, { touch: true }), session);
        expect(await store.touch(id)).toEqual(
          session === undefined ? { status: "missing" } : { status: "ok", expiresAtMs: session.expiresAtMs },
        );
        return;
      }
      case "rotate": {
        const reply = await store.rotate(id);
        expect(reply.status).toBe(session === undefined ? "missing" : "ok");
        if (reply.status !== "ok") return;
        // A caller's own id is free again, and shares its past operations with its successor: give the session up.
        if (of === "mine") {
          await store.delete(reply.record.id);
          model.sessions.delete(of);
          return;
        }
        this.dead.push(id);
        this.ids.set(of, reply.record.id);
        return this.same(of, reply.record, session);
      }
      case "delete":
        expect(await store.delete(id)).toBe(session !== undefined);
        model.sessions.delete(of);
        return;
      case "modify": {
        const reply = await store.modify(id, (data) => data + 1);
        expect(reply.status).toBe(session === undefined ? "missing" : "ok");
        if (session === undefined || reply.status !== "ok") return;
        session.data += 1;
        session.changes += 1;
        return this.same(of, reply.record, session);
      }
      case "update": {
        const current = (await store.get(id))?.version ?? 1;
        const reply = await store.update(id, command.data, { ifVersion: current - (command.stale ? 1 : 0) });
        if (session === undefined) return expect(reply).toEqual({ status: "missing" });
        if (command.stale) {
          expect(reply.status).toBe("conflict");
          return this.same(of, reply.status === "conflict" ? reply.current : null, session);
        }
        session.data = command.data;
        session.changes += 1;
        return this.same(of, reply.status === "ok" ? reply.record : null, session);
      }
      case "credit":
        return this.credit(command, id, session, nowMs);
      case "debit": {
        const operation = command.opId === undefined ? undefined : `debit ${command.opId}`;
        const reply = await store.debit(id, { quota: "q", amount: command.amount, opId: command.opId });
        if (session === undefined) return expect(reply).toEqual({ status: "missing" });
        const held = session.quotas.get("q") ?? 0n;
        if (operation !== undefined && model.knows(of, operation, nowMs)) {
          return expect(reply).toEqual({ status: "ok", remaining: held, replayed: true });
        }
        if (held < command.amount) {
          return expect(reply).toEqual({ status: "insufficient", remaining: held, replayed: false });
        }
        session.quotas.set("q", held - command.amount);
        if (operation !== undefined) model.remember(of, operation, session, nowMs);
        return expect(reply).toEqual({ status: "ok", remaining: held - command.amount, replayed: false });
      }
    }
  }

  begin(of: string, id: string, session: Session, record: SessionRecord<number>): void {
    this.ids.set(of, id);
    this.model.sessions.set(of, session);
    this.firstVersions.delete(of);
    this.same(of, record, session);
  }

  async credit(
    { name: of, opId: payment, extendMs, quota, create }: Extract<Command, { type: "credit" }>,
    id: string,
    session: Session | undefined,
    nowMs: number,
  ): Promise<void> {
    const operation = `credit ${payment}`;
    const quotas = quota === undefined ? undefined : { q: quota };
    const createWith = create ? { data: 7 } : undefined;
    const call = this.store.credit(id, { opId: payment, extendMs, quotas, createWith });
    const invalid = () => expect(call).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
    if (extendMs === undefined && (quotas === undefined || create)) return invalid();
    const known = this.model.knows(of, operation, nowMs);
    const bought: Session = { data: 7, changes: 0, expiresAtMs: nowMs, quotas: new Map() };
    // Only an id of the caller's own comes into being by createWith.
    const base = session ?? (create && of === "mine" && !known ? bought : undefined);
    if (base === undefined) {
      expect(await call).toEqual({ status: "missing" });
      return;
    }
    if (!known) {
      const expiresAtMs = base.expiresAtMs + (extendMs ?? 0);
      const sum = (base.quotas.get("q") ?? 0n) + (quota ?? 0n);
      const limit = base.absoluteExpiresAtMs ?? Number.POSITIVE_INFINITY;
      if ((extendMs !== undefined && expiresAtMs > limit) || sum > maximum) return invalid();
      base.expiresAtMs = expiresAtMs;
      if (quota !== undefined) base.quotas.set("q", sum);
      if (session === undefined) {
        this.model.sessions.set(of, base);
        this.firstVersions.delete(of);
      }
      this.model.remember(of, operation, base, nowMs);
    }
    const held = base.quotas.size === 0 ? {} : { quotas: Object.fromEntries(base.quotas) };
    expect(await call).toEqual({ status: "ok", expiresAtMs: base.expiresAtMs, ...held, replayed: known });
  }

  /** What holds whatever was called. */
  async check(): Promise<void> {
    const nowMs = this.clock.now();
    for (const [of, id] of this.ids) this.same(of, await this.store.get(id), this.model.live(of, nowMs));
    expect(await this.store.getMany(this.dead)).toEqual(this.dead.map(() => null));
    for (const [key, { endsAtMs, body }] of this.port.records) {
      if (key.endsWith(":i") && endsAtMs > nowMs) expect(Array.isArray(body) && body.length > 0).toBe(true);
      expect(Number.isSafeInteger(endsAtMs)).toBe(true);
    }
  }
}
