// Keeps apart what node-redis confuses: a subscription under way on a channel that somebody else is leaving.

export interface ChannelTurns {
  /** Settles as `subscribing` does, which is under way until then. */
  enter(channel: string, subscribing: Promise<unknown>): Promise<void>;
  /** Resolves when no subscription to the channel is under way: only then may one of its listeners be taken away. */
  free(channel: string): Promise<void>;
}

/**
 * node-redis counts a listener only when its subscription is answered. One that leaves before that is taken for the
 * channel's last, and the channel is ended for those who are still coming, too.
 */
export function channelTurns(): ChannelTurns {
  const underWay = new Map<string, Promise<unknown>>();
  return {
    async enter(channel, subscribing) {
      underWay.set(channel, subscribing);
      try {
        await subscribing;
      } finally {
        // Answers come in the order of the commands: the latest is the last.
        if (underWay.get(channel) === subscribing) underWay.delete(channel);
      }
    },
    async free(channel) {
      for (let last = underWay.get(channel); last !== undefined; last = underWay.get(channel)) {
        await last.catch(() => undefined);
      }
    },
  };
}
