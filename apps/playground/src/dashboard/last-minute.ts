// Values by the second, for the last sixty of them: older ones are forgotten as time goes on.

export interface LastMinute<T> {
  /** The value of the second that `nowMs` lies in. */
  at(nowMs: number): T;
  /** Sixty of them, the oldest first, the last one being the second that `nowMs` lies in. */
  all(nowMs: number): (T | undefined)[];
}

const seconds = 60;

/** `empty` makes the value of a second in which something happens for the first time. */
export function lastMinute<T>(empty: () => T): LastMinute<T> {
  const slots: ({ second: number; value: T } | undefined)[] = [];
  const secondOf = (ms: number) => Math.floor(ms / 1_000);
  return {
    at(nowMs) {
      const second = secondOf(nowMs);
      const slot = slots[second % seconds];
      if (slot?.second === second) return slot.value;
      const value = empty();
      slots[second % seconds] = { second, value };
      return value;
    },
    all(nowMs) {
      const last = secondOf(nowMs);
      return Array.from({ length: seconds }, (_, index) => {
        const second = last - seconds + 1 + index;
        const slot = slots[second % seconds];
        return slot?.second === second ? slot.value : undefined;
      });
    },
  };
}
