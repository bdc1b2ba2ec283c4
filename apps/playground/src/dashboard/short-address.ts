// A client's address as readers without the key see it: enough to tell two networks apart, too little to name a client.

/** The first two numbers of an IPv4 address or an IPv6 network; anything else stays as it is. */
export function shortAddress(client: string): string {
  const version4 = /^(\d{1,3}\.\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(client)?.[1];
  if (version4 !== undefined) return `${version4}.…`;
  const version6 = /^([\da-f]{1,4}:[\da-f]{1,4}):[\da-f:]*(\/\d+)?$/i.exec(client)?.[1];
  return version6 === undefined ? client : `${version6}:…`;
}
