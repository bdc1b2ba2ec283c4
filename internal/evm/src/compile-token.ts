// Compiles the token and the batch contract by solc, once in a process.
import { createRequire } from "node:module";
import type { Hex } from "viem";
import { tokenSource } from "./token-source.ts";

/** The creation code of each contract. */
export interface Compiled {
  readonly token: Hex;
  readonly batch: Hex;
}

interface SolcOutput {
  readonly errors?: readonly { severity: string; formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, { evm: { bytecode: { object: string } } }>>>>;
}

let compiled: Compiled | undefined;

/** Throws with solc's words where the source does not compile. Takes a second or two at the first call. */
export function compileToken(): Compiled {
  compiled ??= compile();
  return compiled;
}

function compile(): Compiled {
  // solc is CommonJS and has no types.
  const solc: { compile(input: string): string } = createRequire(import.meta.url)("solc");
  const input = {
    language: "Solidity",
    sources: { "token.sol": { content: tokenSource } },
    // "paris" runs on every chain: later versions use opcodes that some lack.
    settings: { evmVersion: "paris", outputSelection: { "*": { "*": ["evm.bytecode.object"] } } },
  };
  const { errors = [], contracts }: SolcOutput = JSON.parse(solc.compile(JSON.stringify(input)));
  const failed = errors.filter(({ severity }) => severity === "error");
  if (failed.length > 0) throw new Error(failed.map(({ formattedMessage }) => formattedMessage).join("\n"));
  const codeOf = (name: string): Hex => {
    const code = contracts?.["token.sol"]?.[name]?.evm.bytecode.object;
    if (code === undefined || code === "") throw new Error(`solc made no code of ${name}.`);
    return `0x${code}`;
  };
  return { token: codeOf("Token"), batch: codeOf("Batch") };
}
