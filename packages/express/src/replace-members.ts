// Puts members of an object's own in the place of those it has, and takes them away again.

/** What was there before each replacement of an object, the latest last. */
const replaced = new WeakMap<object, Map<string, PropertyDescriptor | undefined>[]>();

/**
 * The function that it returns puts back what was there, and takes away what was put in place since. It returns false where it was
 * taken away before: then it does nothing.
 */
export function replaceMembers(target: object, members: PropertyDescriptorMap): () => boolean {
  const all = replaced.get(target) ?? [];
  replaced.set(target, all);
  const before = new Map(Object.keys(members).map((name) => [name, Object.getOwnPropertyDescriptor(target, name)]));
  all.push(before);
  for (const [name, member] of Object.entries(members)) {
    Object.defineProperty(target, name, { configurable: true, ...member });
  }
  return () => {
    if (!all.includes(before)) return false;
    for (const [name, had] of all
      .splice(all.indexOf(before))
      .reverse()
      .flatMap((one) => [...one])) {
      if (had === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, had);
    }
    return true;
  };
}

/** A method, or a value that may be written over. */
export function member(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true };
}
