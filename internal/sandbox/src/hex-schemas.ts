// Zod schemas of what crosses a process boundary as hex or decimal text.
import { type Address, getAddress, type Hex, isAddress, isHex } from "viem";
import { z } from "zod";

/** A 20-byte address in any letter case; the output has its checksum. */
export const addressSchema: z.ZodType<Address> = z
  .string()
  .refine((text) => isAddress(text, { strict: false }), "must be a 20-byte address")
  .transform((text) => getAddress(text));

/** Whole bytes as 0x-hex. */
export const hexSchema: z.ZodType<Hex> = z.custom<Hex>(
  (value) => isHex(value) && value.length % 2 === 0,
  "must be hex",
);

/** 32 bytes as 0x-hex, lower case. */
export const bytes32Schema: z.ZodType<Hex> = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "must be 32 bytes of hex")
  .transform((text): Hex => `0x${text.slice(2).toLowerCase()}`);

/** A uint256 as decimal text without sign or leading zeros. */
export const uint256Schema: z.ZodType<bigint> = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,77})$/, "must be a decimal uint256")
  .transform((text) => BigInt(text))
  .refine((value) => value < 1n << 256n, "must be a uint256");
