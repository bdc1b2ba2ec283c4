// The part of redlock 4 that the benchmark uses; the package has no types of its own.
declare module "redlock" {
  class LockError extends Error {}
  class Redlock {
    static readonly LockError: typeof LockError;
    constructor(clients: readonly object[], options?: { retryCount?: number });
    lock(resource: string, ttlMs: number): PromiseLike<{ unlock(): PromiseLike<void> }>;
  }
  export = Redlock;
}
