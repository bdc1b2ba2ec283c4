// Transitions that a backend may run itself, by name. Each store's catalog lists its transitions.
import type { AtomicPort } from "./atomic-port.ts";
import type { PortCallOptions } from "./call-options.ts";

/** The arguments and the reply of each transition. */
export type Catalog<Name extends PropertyKey> = Record<Name, { arguments: unknown; reply: unknown }>;

/** Transitions that a backend runs itself. Each must answer and throw exactly as the pure function would. */
export type NativeTransitionsOf<C extends Catalog<keyof C>> = {
  readonly [Name in keyof C]?: (
    keys: readonly string[],
    transitionArguments: C[Name]["arguments"],
    options: PortCallOptions | undefined,
  ) => Promise<C[Name]["reply"]>;
};

/** The port's own transitions; none for an ordinary port. */
export function nativeTransitionsOf<C extends Catalog<keyof C>>(
  port: AtomicPort & { readonly native?: NativeTransitionsOf<C> },
): NativeTransitionsOf<C> {
  return port.native ?? {};
}
