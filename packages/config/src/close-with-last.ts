// Stores that are closed one by one: the last one to close also ends what they share.

interface Closable extends AsyncDisposable {
  close(): Promise<void>;
}

/** Changes `close` of each store: `closeShared` runs once all of them are closed. It is idempotent, and never rejects. */
export function closeWithLast(stores: readonly Closable[], closeShared: () => Promise<void>): void {
  let open = stores.length;
  for (const store of stores) {
    const closeStore = store.close.bind(store);
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= closeStore()
        .catch(() => undefined)
        .then(() => {
          open -= 1;
          return open === 0 ? closeShared() : undefined;
        });
      return closing;
    };
    // A spread would lose the methods of a provider's class.
    Object.assign(store, { close, [Symbol.asyncDispose]: close });
  }
}
