// One direction of a proxied connection: bytes go on in their order, at once, later, or never.

/** What travels: bytes, or the end of the stream. */
export type Parcel = Buffer | "end";

export interface Lane {
  push(parcel: Parcel): void;
  /** Keeps back all that arrives. */
  hold(): void;
  /** Passes on what was kept back. */
  release(): void;
  /** From now on nothing goes through, ever; bytes kept back are lost. */
  freeze(): void;
}

/** `delayMs` is asked for each parcel. A parcel never overtakes an earlier one. */
export function openLane(deliver: (parcel: Parcel) => void, delayMs: () => number): Lane {
  const queue: { parcel: Parcel; dueMs: number }[] = [];
  let held = false;
  let frozen = false;
  let timer: NodeJS.Timeout | undefined;

  const pump = () => {
    clearTimeout(timer);
    while (!held && !frozen) {
      const [next] = queue;
      if (next === undefined) return;
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(pump, Math.ceil(waitMs));
        return;
      }
      queue.shift();
      deliver(next.parcel);
    }
  };

  return {
    push(parcel) {
      if (frozen) return;
      const earliestMs = queue.at(-1)?.dueMs ?? 0;
      queue.push({ parcel, dueMs: Math.max(performance.now() + delayMs(), earliestMs) });
      pump();
    },
    hold() {
      held = true;
    },
    release() {
      held = false;
      pump();
    },
    freeze() {
      frozen = true;
      queue.length = 0;
      clearTimeout(timer);
    },
  };
}
