// Names a rate limit's record by route, client, algorithm and window, and by nothing else.
import type { NamedRecord } from "../atomic-port.ts";
import type { Pseudonymizer } from "../hashing.ts";
import { escapeRoute } from "../keys.ts";
import type { RateLimitCheck } from "./rate-limit-store.ts";

/** To make a name takes longer than all else that a call does in this process. So this many names are remembered, twice. */
const mostNames = 10_000;
/** Rules taken from requests could fill the memory; then it starts again. */
const mostRules = 1_000;
/** Longer routes and clients are not remembered. */
const longestRemembered = 200;

/** A longer client is cut in a key that never leaves the process, so that the records of a flood stay small. */
const longestPlainClient = 100;

/** How a key that never leaves the process names a client: as it is, or by the beginning of a long one and its hash. */
export function plainly(pseudonym: Pseudonymizer): Pseudonymizer {
  // No plain client is as long as a cut one with its hash, so the two never meet.
  return (client) =>
    client.length <= longestPlainClient ? client : client.slice(0, longestPlainClient) + pseudonym(client);
}

/** What the records of a route, an algorithm and a window have in common. */
interface Rule {
  readonly route: string;
  readonly tag: string;
  readonly windowMs: number;
  readonly head: string;
  readonly tail: string;
  /** Names by client: those asked for lately, and those before them. */
  lately: Map<string, NamedRecord>;
  before: Map<string, NamedRecord>;
}

/** The rule that a record of this key belongs to: its route, algorithm and window. It is the key without the client. */
export function ruleOf(key: string): string {
  return key.slice(0, key.indexOf("{") + 1) + key.slice(key.lastIndexOf("}"));
}

/** Names the record of a check: `<keyPrefix>:<route>:{<client's hash>}:<tag><windowMs>`. */
export function recordKeys(
  keyPrefix: string,
  pseudonym: Pseudonymizer,
): (check: RateLimitCheck, tag: string, windowMs: number) => NamedRecord {
  const rules = new Map<string, Rule>();
  let names = 0;
  let last: Rule | undefined;
  /** The client that was hashed last: the checks of one consumeAll mostly share theirs. */
  let lastClient = "";
  let lastPseudonym: string | undefined;
  const pseudonymOf = (client: string): string => {
    if (lastPseudonym === undefined || lastClient !== client) [lastClient, lastPseudonym] = [client, pseudonym(client)];
    return lastPseudonym;
  };

  const ruleNamed = (route: string, tag: string, windowMs: number): Rule => {
    if (last !== undefined && last.windowMs === windowMs && last.tag === tag && last.route === route) return last;
    const name = `${tag}${windowMs}:${route}`;
    let rule = rules.get(name);
    if (rule === undefined) {
      const [head, tail] = [`${keyPrefix}:${escapeRoute(route)}:{`, `}:${tag}${windowMs}`];
      rule = { route, tag, windowMs, head, tail, lately: new Map(), before: new Map() };
      if (rules.size >= mostRules) {
        rules.clear();
        names = 0;
      }
      if (route.length <= longestRemembered) rules.set(name, rule);
    }
    last = rule;
    return rule;
  };
  const remember = (rule: Rule, client: string, name: NamedRecord) => {
    if (client.length > longestRemembered || rule.route.length > longestRemembered) return;
    if (names >= mostNames) {
      for (const each of rules.values()) [each.before, each.lately] = [each.lately, new Map()];
      names = 0;
    }
    rule.lately.set(client, name);
    names += 1;
  };

  return ({ route, client }, tag, windowMs) => {
    const rule = ruleNamed(route, tag, windowMs);
    const known = rule.lately.get(client);
    if (known !== undefined) return known;
    const name = rule.before.get(client) ?? { key: rule.head + pseudonymOf(client) + rule.tail, place: undefined };
    remember(rule, client, name);
    return name;
  };
}
