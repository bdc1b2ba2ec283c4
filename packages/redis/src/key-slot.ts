// The slot of a key or a sharded channel in a Redis Cluster, as the Redis Cluster specification has it.

const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;

/** 0 to 16383: CRC-16/XMODEM of the hash tag (what stands in the first braces, unless that is nothing), else of all. */
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
