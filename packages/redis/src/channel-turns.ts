// Separates what node-redis confuses: a subscription under way on a channel that another subscriber is leaving.

export interface ChannelTurns {
  /** Settles as `subscribing` does. Until then the subscription counts as under way. */
  enter(channel: string, subscribing: Promise<unknown>): Promise<void>;
  /** Resolves when no subscription to the channel is under way. Only then may one of its listeners be removed. */
  free(channel: string): Promise<void>;
}

/**
 * node-redis counts a listener only once its subscription is answered. If a listener leaves before that, node-redis
 * takes it for the channel's last one and ends the channel, also for the subscriptions that are still under way.
 */
export function channelTurns(): ChannelTurns {
  const underWay = new Map<string, Promise<unknown>>();
  return {
    async enter(channel, subscribing) {
      underWay.set(channel, subscribing);
      try {
        await subscribing;
      } finally {
        // Answers come in the order of the commands, so the latest entry is the last.
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
