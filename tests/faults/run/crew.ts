// The instances of a topology: one of each client, kept over many trials as services are, and replaced where one has ended.
import { type Client, clients, type RunJobs } from "../contract.ts";
import type { World } from "../worlds/world.ts";
import { type Instance, startInstance } from "./instances.ts";
import type { Ledger } from "./ledger.ts";

export interface Crew {
  readonly instances: readonly Instance[];
  /** One more, with its stores open, until `dismiss`. */
  start(client: Client): Promise<Instance>;
  /** Why instances ended that were not told to. */
  crashes(): string[];
  /** Ends those that `start` started, and all where `everyone` is set. */
  dismiss(everyone?: boolean): Promise<void>;
}

export interface Crews {
  /** The crew of one trial: its stores are opened anew, under names that no other trial has. */
  muster(world: World, keyPrefix: string, ledger: Ledger): Promise<Crew>;
}

export function openCrews(): Crews {
  const kept = new Map<Client, { instance: Instance; ledger: Ledger }>();
  const open = async (instance: Instance, world: World, keyPrefix: string) => {
    await instance.jobs.open({ connection: world.connection, keyPrefix });
    return instance;
  };
  const take = (client: Client, ledger: Ledger): Instance => {
    const found = kept.get(client);
    if (found !== undefined) {
      found.ledger = ledger;
      return found.instance;
    }
    const one = { ledger };
    const jobs: RunJobs = {
      transfer: (...args) => one.ledger.jobs.transfer(...args),
      find: (...args) => one.ledger.jobs.find(...args),
      fresh: (...args) => one.ledger.jobs.fresh(...args),
      reached: (...args) => one.ledger.jobs.reached(...args),
    };
    const instance = startInstance(client, jobs);
    kept.set(client, Object.assign(one, { instance }));
    return instance;
  };
  return {
    async muster(world, keyPrefix, ledger) {
      const extra: Instance[] = [];
      const instances = clients.map((client) => take(client, ledger));
      const crew: Crew = {
        instances,
        start(client) {
          const instance = startInstance(client, ledger.jobs);
          extra.push(instance);
          return open(instance, world, keyPrefix);
        },
        crashes: () =>
          [...instances, ...extra].flatMap(({ client, crash }) =>
            crash() === undefined ? [] : [`${client}: ${crash()}`],
          ),
        async dismiss(everyone = false) {
          const leaving = [...instances.filter(({ crash }) => everyone || crash() !== undefined), ...extra];
          for (const { client } of leaving.filter((one) => instances.includes(one))) kept.delete(client);
          await Promise.all(leaving.map((instance) => instance.end()));
        },
      };
      try {
        await Promise.all(instances.map((instance) => open(instance, world, keyPrefix)));
        return crew;
      } catch (error) {
        await crew.dismiss(true);
        throw error;
      }
    },
  };
}
