// Servers that answer as a test says, and every connection that was ever opened to them.
import { NotSent } from "../redis-port.ts";
import type { LinkTarget, OpenLink, RedisLink } from "./redis-link.ts";

export interface FakeServers {
  open: OpenLink;
  /** Every connection, in the order in which they were opened. */
  readonly links: readonly FakeServerLink[];
  /** "host:port" of each that is still open. */
  stillOpen(): string[];
}

export interface FakeServerLink {
  readonly target: LinkTarget;
  isDestroyed(): boolean;
  destroy(): void;
}

export interface FakeAnswers {
  /** An Error is the server's answer; a promise is an answer that comes later. */
  command(target: LinkTarget, words: readonly string[]): unknown;
}

export function fakeServers({ command }: FakeAnswers): FakeServers {
  const links: FakeServerLink[] = [];
  const open: OpenLink = (target): RedisLink => {
    let destroyed = false;
    let tellEnd = () => {};
    const ended = new Promise<undefined>((resolve) => {
      tellEnd = () => resolve(undefined);
    });
    /** As `work`, until the connection ends. */
    const whileOpen = <T>(work: () => Promise<T>): Promise<T> => {
      if (destroyed) return Promise.reject(new NotSent());
      const end = ended.then((): never => {
        throw new Error("Connection is closed.");
      });
      return Promise.race([work(), end]);
    };
    const destroy = () => {
      destroyed = true;
      tellEnd();
    };
    links.push({ target, isDestroyed: () => destroyed, destroy });
    return {
      opened: Promise.resolve(),
      ended,
      send: (words) =>
        whileOpen(async () => {
          const answer = await command(target, words);
          if (answer instanceof Error) throw answer;
          return answer;
        }),
      unsent: () => 0,
      subscribe: () => whileOpen(async () => {}),
      destroy,
    };
  };
  return {
    open,
    links,
    stillOpen: () => links.filter((link) => !link.isDestroyed()).map(({ target }) => `${target.host}:${target.port}`),
  };
}
