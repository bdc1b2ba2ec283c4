// Compiles the test contracts by solc, once in a process.
import { createRequire } from "node:module";
import type { Hex } from "viem";
import { tokenSource } from "./token-source.ts";

export interface CompiledContract {
  /** What a transaction deploys it by. */
  readonly creation: Hex;
  /** The code at its address then. Immutable variables are zero in it, so that this token orders its logs as Circle's does. */
  readonly runtime: Hex;
}

export interface Compiled {
  readonly token: CompiledContract;
  readonly batch: CompiledContract;
  readonly multicall: CompiledContract;
}

interface SolcOutput {
  readonly errors?: readonly { severity: string; formattedMessage: string }[];
  readonly contracts?: Readonly<
    Record<string, Readonly<Record<string, { evm: Record<"bytecode" | "deployedBytecode", { object: string }> }>>>
  >;
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
    settings: {
      evmVersion: "paris",
      outputSelection: { "*": { "*": ["evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  const { errors = [], contracts }: SolcOutput = JSON.parse(solc.compile(JSON.stringify(input)));
  const failed = errors.filter(({ severity }) => severity === "error");
  if (failed.length > 0) throw new Error(failed.map(({ formattedMessage }) => formattedMessage).join("\n"));
  const contract = (name: string): CompiledContract => {
    const code = contracts?.["token.sol"]?.[name]?.evm;
    if (!code?.bytecode.object) throw new Error(`solc made no code of ${name}.`);
    return { creation: `0x${code.bytecode.object}`, runtime: `0x${code.deployedBytecode.object}` };
  };
  return { token: contract("Token"), batch: contract("Batch"), multicall: contract("Multicall3") };
}
