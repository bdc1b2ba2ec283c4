// Calls both ways between the run and a process of its own, over the pipe between them.

/** The other side's jobs, as this side calls them. */
export type Remote<Jobs> = {
  readonly [Name in keyof Jobs]: Jobs[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

export type Message =
  | { kind: "call"; id: number; name: string; args: unknown[] }
  | { kind: "value"; id: number; value: unknown }
  | { kind: "error"; id: number; message: string };

export interface Wire<Jobs> {
  readonly remote: Remote<Jobs>;
  heard(message: Message): void;
  /** No answer will come any more: calls reject. */
  ended(why: string): void;
}

/** `mine` are the jobs that the other side may call. */
export function openWire<Jobs extends object>(send: (message: Message) => void, mine: object): Wire<Jobs> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let calls = 0;
  let over: string | undefined;
  const call = (name: string, args: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      if (over !== undefined) return reject(new Error(over));
      calls += 1;
      waiting.set(calls, { resolve, reject });
      send({ kind: "call", id: calls, name, args });
    });
  const run = async (name: string, args: unknown[]): Promise<unknown> => {
    const job: unknown = Reflect.get(mine, name);
    if (typeof job !== "function") throw new Error(`There is no job ${name}.`);
    return job(...args);
  };
  const remote = new Proxy({} as Remote<Jobs>, {
    get: (_, name) =>
      typeof name === "string" && name !== "then" ? (...args: unknown[]) => call(name, args) : undefined,
  });
  return {
    remote,
    heard(message) {
      const { id } = message;
      if (message.kind === "call") {
        run(message.name, message.args).then(
          (value) => send({ kind: "value", id, value }),
          (error: unknown) =>
            send({ kind: "error", id, message: error instanceof Error ? (error.stack ?? "") : String(error) }),
        );
        return;
      }
      const call = waiting.get(id);
      waiting.delete(id);
      if (message.kind === "value") call?.resolve(message.value);
      else call?.reject(new Error(message.message));
    },
    ended(why) {
      over = why;
      for (const { reject } of waiting.values()) reject(new Error(why));
      waiting.clear();
    },
  };
}
