// The sessions that a request has moved to new ids. The client still names them by the old ones.
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments } from "@tollbooth-stores/core/native";

/** New ids by old ones. Everything that reads the sessions of one request shares it. */
export type SessionMoves = Map<string, string>;

const all = new WeakMap<object, SessionMoves>();

/** The moves of a request. `request` may be any object, if the same one is given each time and no other request has it. */
export function sessionMovesOf(request: object): SessionMoves {
  checkArguments("sessionMovesOf", () => {
    if (Object(request) === request) return;
    throw new StoreError("STORE_CONFIG", "request must be the request's own object, the same one at each call.");
  });
  const moves: SessionMoves = all.get(request) ?? new Map();
  all.set(request, moves);
  return moves;
}

/** The id that the session has by now. */
export function idAfter(moves: ReadonlyMap<string, string>, id: string): string {
  let now = id;
  for (let next = moves.get(now); next !== undefined; next = moves.get(now)) now = next;
  return now;
}
