// The checksum that a mixed-case EVM address carries in its letters' case (EIP-55).

/**
 * False where the case of the letters contradicts the address, so that some character of it is mistyped. An address in one case carries no
 * checksum. `address`: "0x" and 40 hex digits.
 */
export function hasRightChecksum(address: string): boolean {
  const digits = address.slice(2);
  const lower = digits.toLowerCase();
  if (digits === lower || digits === digits.toUpperCase()) return true;
  const hash = keccak256(lower);
  return [...digits].every((digit, at) => {
    const isUpper = Number.parseInt(hash[at] ?? "0", 16) >= 8;
    return digit === (isUpper ? digit.toUpperCase() : digit.toLowerCase());
  });
}

const RATE_BYTES = 136;
const LANE = 64n;
const MASK = (1n << LANE) - 1n;

/** Hex, of ASCII that is shorter than a block. Node has SHA-3 only, which pads otherwise. */
function keccak256(text: string): string {
  const block = Buffer.alloc(RATE_BYTES);
  block.write(text, "ascii");
  block[text.length] = 1;
  block[RATE_BYTES - 1] = 0x80;
  const absorbed = Array.from({ length: 25 }, (_, at) => (at < RATE_BYTES / 8 ? block.readBigUInt64LE(8 * at) : 0n));
  const digest = Buffer.alloc(32);
  for (const [at, lane] of permuted(absorbed).slice(0, 4).entries()) digest.writeBigUInt64LE(lane, 8 * at);
  return digest.toString("hex");
}

/** Keccak-f[1600]: lane (x, y) stands at x + 5y. */
function permuted(state: readonly bigint[]): bigint[] {
  let lanes = [...state];
  const lane = (x: number, y: number) => lanes[(x % 5) + 5 * (y % 5)] ?? 0n;
  let roundBits = 1;
  for (let round = 0; round < 24; round += 1) {
    const columns = [0, 1, 2, 3, 4].map((x) => [0, 1, 2, 3, 4].reduce((parity, y) => parity ^ lane(x, y), 0n));
    const column = (x: number) => columns[x % 5] ?? 0n;
    lanes = lanes.map((value, at) => value ^ column(at + 4) ^ rotated(column(at + 1), 1));

    // Each lane turns, and takes the place of the next one.
    const moved = [...lanes];
    for (let step = 1, x = 1, y = 0; step <= 24; step += 1) {
      const from = lane(x, y);
      [x, y] = [y, (2 * x + 3 * y) % 5];
      moved[x + 5 * y] = rotated(from, (step * (step + 1)) / 2);
    }
    lanes = moved;

    lanes = lanes.map((value, at) => {
      const y = Math.floor(at / 5);
      return value ^ (~lane((at % 5) + 1, y) & MASK & lane((at % 5) + 2, y));
    });

    let constant = 0n;
    for (let bit = 0; bit <= 6; bit += 1) {
      if ((roundBits & 1) === 1) constant |= 1n << BigInt(2 ** bit - 1);
      roundBits = (roundBits << 1) ^ (roundBits >> 7 === 1 ? 0x171 : 0);
    }
    lanes[0] = lane(0, 0) ^ constant;
  }
  return lanes;
}

function rotated(value: bigint, by: number): bigint {
  const turn = BigInt(by) % LANE;
  return ((value << turn) | (value >> (LANE - turn))) & MASK;
}
