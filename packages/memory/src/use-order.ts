// A list in the order of use, in which any member moves in constant time.

/** What a member of a list carries. */
export interface Listed<T> {
  listed: boolean;
  older: T | undefined;
  newer: T | undefined;
}

/** Members from the least to the most recently used. */
export interface UseOrder<T> {
  oldest: T | undefined;
  newest: T | undefined;
}

/** A list without members. */
export function useOrder<T>(): UseOrder<T> {
  return { oldest: undefined, newest: undefined };
}

/** Takes a member out, if it is in the list. */
export function forget<T extends Listed<T>>(order: UseOrder<T>, member: T): void {
  if (!member.listed) return;
  const { older, newer } = member;
  if (older === undefined) order.oldest = newer;
  else older.newer = newer;
  if (newer === undefined) order.newest = older;
  else newer.older = older;
  member.listed = false;
  member.older = undefined;
  member.newer = undefined;
}

/** Makes a member the most recently used one, whether it was in the list or not. */
export function use<T extends Listed<T>>(order: UseOrder<T>, member: T): void {
  if (order.newest === member) return;
  forget(order, member);
  member.listed = true;
  member.older = order.newest;
  if (order.newest === undefined) order.oldest = member;
  else order.newest.newer = member;
  order.newest = member;
}
