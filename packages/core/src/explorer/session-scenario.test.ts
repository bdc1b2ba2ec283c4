// Every interleaving of actors on one subject's sessions, and what the explorer makes of deliberate mistakes.
import { describe, expect, test } from "vitest";
import { sessionState } from "../session/session-state.ts";
import { creditSession } from "../session/transitions/credit-session.ts";
import { debitSession } from "../session/transitions/debit-session.ts";
import { deleteSession } from "../session/transitions/delete-session.ts";
import { deleteSubjectSessions } from "../session/transitions/delete-subject-sessions.ts";
import { rotateSession } from "../session/transitions/rotate-session.ts";
import { updateSession } from "../session/transitions/update-session.ts";
import { type BudgetPair, counterexample, search, searchTimeoutMs, wayTo } from "./search.ts";
import type { Intent } from "./session-program.ts";
import { type SessionOptions, sessionScenario } from "./session-scenario.ts";

const credit = (opId: string): Intent => ({ op: "credit", opId, amount: 5, extendMs: 300 });
const buy = (opId: string): Intent => ({ op: "credit", opId, amount: 5, extendMs: 300, creates: true });
const debit = (opId: string, amount: number): Intent => ({ op: "debit", opId, amount });
const touch: Intent = { op: "touch" };
const update: Intent = { op: "update" };
const rotate: Intent = { op: "rotate" };
const remove: Intent = { op: "delete" };
const create: Intent = { op: "create" };
const deleteBySubject: Intent = { op: "deleteBySubject" };

const searches: [string, SessionOptions, BudgetPair][] = [
  [
    "credits and debits under the same opIds, beside a rotation",
    {
      start: "issued",
      programs: [
        [credit("c1"), debit("d1", 8)],
        [rotate, credit("c1"), debit("d2", 8)],
        [debit("d1", 8), touch],
      ],
    },
    [
      [1, 3],
      [2, 3],
    ],
  ],
  [
    "deleteBySubject beside rotations and new sessions",
    { start: "issued", programs: [[deleteBySubject], [rotate, rotate, touch], [create, rotate]] },
    [
      [1, 3],
      [2, 3],
    ],
  ],
  [
    "two deleteBySubject beside each other",
    {
      start: "issued",
      programs: [
        [create, deleteBySubject],
        [rotate, deleteBySubject],
      ],
    },
    [
      [2, 2],
      [3, 3],
    ],
  ],
  [
    "updates, touches, a rotation and a delete",
    { start: "issued", programs: [[update, touch, remove], [update, rotate, credit("c1")], [touch]] },
    [
      [1, 3],
      [2, 3],
    ],
  ],
  [
    "bought sessions under an id of one's own",
    { start: "chosen", programs: [[buy("c1"), debit("d1", 3)], [buy("c2"), remove], [buy("c1")]] },
    [
      [2, 2],
      [3, 3],
    ],
  ],
];

describe("sessions in every interleaving", () => {
  test.each(searches)("%s: as the books say", { timeout: searchTimeoutMs }, (name, options, budgets) => {
    expect(search(`sessions, ${name}`, sessionScenario(options), budgets)).toBeNull();
  });

  test("reach a subject deleted after a session joined between its two steps", () => {
    const scenario = sessionScenario({ start: "issued", programs: [[deleteBySubject], [create]] });
    const path = wayTo(scenario, { faults: 0, clockSteps: 0 }, ({ ghost }) => ghost.dead.length === 2);
    expect(path).toMatchInlineSnapshot(`
      "1. B: create B1.0 -> ok
      2. A: deleteListed  -> ok [s.0,B1.0]
      3. A: deleteListed s.0,B1.0 -> ok []
      => reached
      seed 1.0.0"
    `);
  });

  test("reach a debit that is applied although its caller was told of an error", () => {
    const scenario = sessionScenario({ start: "issued", programs: [[debit("d1", 8)]] });
    const path = wayTo(
      scenario,
      { faults: 1, clockSteps: 0 },
      ({ ghost, left, actors, strays }) =>
        ghost.done.length === 1 && left.faults === 0 && actors[0]?.program.length === 0 && strays.length === 0,
    );
    expect(path).toMatchInlineSnapshot(`
      "1. A: debit d1 s.0 -> ok, but the reply is lost
      2. A: debit d1 s.0 -> ok (replayed)
      => reached
      seed 1.0"
    `);
  });
});

describe("the explorer finds in sessions", () => {
  const found = (transitions: SessionOptions["transitions"], ...programs: Intent[][]) =>
    counterexample(sessionScenario({ start: "issued", programs, transitions }), 1, 1);

  test("a credit that forgets its opIds", () => {
    const forgetful: typeof creditSession = ([session = null, , index = null], nowMs, grant) =>
      creditSession([session, null, index], nowMs, grant);
    expect(found({ credit: forgetful }, [credit("c1")])).toMatchInlineSnapshot(`
      "1. A: credit c1 s.0 -> ok, but the reply is lost
      2. A: credit c1 s.0 -> ok
      => credit c1 was applied twice
      seed 1.0"
    `);
  });

  test("a debit that is not remembered", () => {
    const forgetful: typeof debitSession = (records, nowMs, spend) => {
      const { writes: [session] = [], reply } = debitSession(records, nowMs, spend);
      return { writes: [session], reply };
    };
    expect(found({ debit: forgetful }, [debit("d1", 3)])).toMatchInlineSnapshot(`
      "1. A: debit d1 s.0 -> ok, but the reply is lost
      2. A: debit d1 s.0 -> ok
      => debit d1 was applied twice
      seed 1.0"
    `);
  });

  test("a rotation that leaves the old session", () => {
    const leaving: typeof rotateSession = (records, nowMs, move) => {
      const { writes: [, ...others] = [], reply } = rotateSession(records, nowMs, move);
      return { writes: [undefined, ...others], reply };
    };
    expect(found({ rotate: leaving }, [rotate])).toMatchInlineSnapshot(`
      "1. A: rotate s.0 to s.A1 -> ok
      => s.0 was dead and is live again
      seed 0"
    `);
  });

  test("a deleteBySubject that does not look again", () => {
    const hasty: typeof deleteSubjectSessions = (records, nowMs, deletion) => {
      const { writes = [], reply } = deleteSubjectSessions(records, nowMs, deletion);
      return { writes, reply: deletion.listed.length > 0 ? { ...reply, next: [] } : reply };
    };
    expect(found({ deleteListed: hasty }, [deleteBySubject], [rotate])).toMatchInlineSnapshot(`
      "1. A: deleteListed  -> ok [s.0]
      2. B: rotate s.0 to s.B1 -> ok
      3. A: deleteListed s.0 -> ok []
      => s.B1 is live and was not listed
      seed 0.5.0"
    `);
  });

  test("a delete that leaves the index as it was", () => {
    const untidy: typeof deleteSession = (records, nowMs, deletion) => {
      const { writes: [session] = [], reply } = deleteSession(records, nowMs, deletion);
      return { writes: [session], reply };
    };
    expect(found({ delete: untidy }, [remove])).toMatchInlineSnapshot(`
      "1. A: delete s.0 -> ok
      => the index still names s.0
      seed 0"
    `);
  });

  test("an update that ignores the version", () => {
    const blind: typeof updateSession = (records, nowMs, change) =>
      updateSession(records, nowMs, { ...change, ifVersion: sessionState(records[0] ?? null)?.version ?? 0 });
    expect(found({ update: blind }, [update], [update])).toMatchInlineSnapshot(`
      "1. A: get s.0 -> ok
      2. A: update s.0, and a copy is under way -> ok
      3. A's call arrives late: update s.0 -> ok, unheard
      => an update missed or ignored a conflict
      seed 0.3.1"
    `);
  });
});
