// A list in the order of use, in which any member moves in constant time.

/** A member's place in one list. It is in the list or not; both are told by `listed`. */
export interface Link<T> {
  readonly of: T;
  listed: boolean;
  older: Link<T> | undefined;
  newer: Link<T> | undefined;
}

/** Members from the least to the most recently used. */
export interface UseOrder<T> {
  oldest: Link<T> | undefined;
  newest: Link<T> | undefined;
}

/** A link of a member that is in no list yet. */
export function linkOf<T>(of: T): Link<T> {
  return { of, listed: false, older: undefined, newer: undefined };
}

/** A list without members. */
export function useOrder<T>(): UseOrder<T> {
  return { oldest: undefined, newest: undefined };
}

/** Takes a member out, if it is in the list. */
export function forget<T>(order: UseOrder<T>, link: Link<T>): void {
  if (!link.listed) return;
  const { older, newer } = link;
  if (older === undefined) order.oldest = newer;
  else older.newer = newer;
  if (newer === undefined) order.newest = older;
  else newer.older = older;
  link.listed = false;
  link.older = undefined;
  link.newer = undefined;
}

/** Makes a member the most recently used one, whether it was in the list or not. */
export function use<T>(order: UseOrder<T>, link: Link<T>): void {
  if (order.newest === link) return;
  forget(order, link);
  link.listed = true;
  link.older = order.newest;
  if (order.newest === undefined) order.oldest = link;
  else order.newest.newer = link;
  order.newest = link;
}
