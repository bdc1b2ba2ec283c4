// The slot of a key or a sharded channel in a Redis Cluster, by the Redis Cluster specification.

export const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;

/** A hash tag for each owner of slots, such that keys with it live there. `owners`: the owner's name by slot. */
export function tagOfEach(owners: readonly (string | undefined)[]): string[] {
  // A key has no other slot, so an owner of one would be looked for without end.
  const missing = new Set(owners.slice(0, SLOTS).filter((owner) => owner !== undefined));
  const tags: string[] = [];
  for (let candidate = 0; missing.size > 0; candidate += 1) {
    const owner = owners[keySlot(String(candidate))];
    if (owner !== undefined && missing.delete(owner)) tags.push(String(candidate));
  }
  return tags;
}

/**
 * 0 to 16383: CRC-16/XMODEM of the hash tag. The tag is the text in the first braces, or the whole key where that is
 * empty.
 */
export function keySlot(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
    crc &= 0xffff;
  }
  return crc % SLOTS;
}
