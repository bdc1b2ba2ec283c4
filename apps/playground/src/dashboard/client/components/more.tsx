// What a list leaves out, in words.
import type { JSX } from "preact";
import { formatCount } from "../format.ts";

export function More({ count }: { count: number }): JSX.Element | null {
  return count === 0 ? null : <p class="fine">and {formatCount(count)} more</p>;
}
