// The sessions' transitions by name, for backends that run them themselves: arguments and reply of the pure function.
import type { SessionState } from "./session-state.ts";
import type { CreateArguments, CreateReply } from "./transitions/create-session.ts";
import type { CreditArguments, CreditReply } from "./transitions/credit-session.ts";
import type { DebitArguments, DebitReply } from "./transitions/debit-session.ts";
import type { DeleteArguments } from "./transitions/delete-session.ts";
import type { DeleteSubjectArguments, DeleteSubjectReply } from "./transitions/delete-subject-sessions.ts";
import type { ListSubjectArguments, SubjectPage } from "./transitions/list-subject-sessions.ts";
import type { RotateArguments } from "./transitions/rotate-session.ts";
import type { TouchArguments } from "./transitions/touch-session.ts";
import type { UpdateArguments, UpdateReply } from "./transitions/update-session.ts";

/** Each transition's arguments and reply. The comment names its keys. */
export interface SessionCatalog {
  /** session, index */ "session.create": { arguments: CreateArguments; reply: CreateReply };
  /** session */ "session.get": { arguments: undefined; reply: SessionState | null };
  /** sessions */ "session.getMany": { arguments: undefined; reply: readonly (SessionState | null)[] };
  /** session, operations, index */ "session.touch": { arguments: TouchArguments; reply: number | null };
  /** session, operations, index */ "session.touchAndGet": { arguments: TouchArguments; reply: SessionState | null };
  /** session */ "session.update": { arguments: UpdateArguments; reply: UpdateReply };
  /** session, operations, index */ "session.credit": { arguments: CreditArguments; reply: CreditReply };
  /** session, operations */ "session.debit": { arguments: DebitArguments; reply: DebitReply };
  /** session, index */ "session.delete": { arguments: DeleteArguments; reply: boolean };
  /** old session, new session, index */ "session.rotate": { arguments: RotateArguments; reply: SessionState | null };
  /** index */ "session.listSubject": { arguments: ListSubjectArguments; reply: SubjectPage };
  /** index, sessions */ "session.deleteSubject": { arguments: DeleteSubjectArguments; reply: DeleteSubjectReply };
}
