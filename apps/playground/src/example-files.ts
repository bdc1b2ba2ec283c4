// Where the files of the example are: the program of one gateway, and the configurations that come with it.
import { createRequire } from "node:module";

const { resolve } = createRequire(import.meta.url);

/** The built program. */
export function gatewayProgram(): string {
  return resolve("@tollbooth-stores/example/gateway");
}

/** E.g. "memory". */
export function exampleConfig(name: string): string {
  return resolve(`@tollbooth-stores/example/config/${name}.yaml`);
}
