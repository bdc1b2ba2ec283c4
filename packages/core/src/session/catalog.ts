// The sessions' hot transitions by name, for backends that run them themselves: arguments and reply of the pure
// function.
import type { SessionState } from "./session-state.ts";
import type { CreateArguments, CreateReply } from "./transitions/create-session.ts";
import type { CreditArguments, CreditReply } from "./transitions/credit-session.ts";
import type { DebitArguments, DebitReply } from "./transitions/debit-session.ts";
import type { DeleteArguments } from "./transitions/delete-session.ts";
import type { TouchArguments } from "./transitions/touch-session.ts";
import type { UpdateArguments, UpdateReply } from "./transitions/update-session.ts";

/** Each transition's arguments and reply. The comment names its keys. */
export interface SessionCatalog {
  /** session, index */ "session.create": { arguments: CreateArguments; reply: CreateReply };
  /** session */ "session.get": { arguments: undefined; reply: SessionState | null };
  /** session, operations, index */ "session.touch": { arguments: TouchArguments; reply: SessionState | null };
  /** session */ "session.update": { arguments: UpdateArguments; reply: UpdateReply };
  /** session, operations, index */ "session.credit": { arguments: CreditArguments; reply: CreditReply };
  /** session, operations */ "session.debit": { arguments: DebitArguments; reply: DebitReply };
  /** session, index */ "session.delete": { arguments: DeleteArguments; reply: boolean };
}
