// What stands where there is nothing yet: what to do first.
import type { ComponentChildren, JSX } from "preact";

export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}
