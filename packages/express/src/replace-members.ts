// Puts members of an object's own in the place of those it has, and takes them away again.

/** The function that it returns puts back what was there. */
export function replaceMembers(target: object, members: PropertyDescriptorMap): () => void {
  const before = Object.keys(members).map((name) => ({ name, had: Object.getOwnPropertyDescriptor(target, name) }));
  for (const [name, member] of Object.entries(members)) {
    Object.defineProperty(target, name, { configurable: true, ...member });
  }
  return () => {
    for (const { name, had } of before) {
      if (had === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, had);
    }
  };
}

/** A method, or a value that may be written over. */
export function member(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true };
}
