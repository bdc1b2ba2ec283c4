// An instance's name with its colour, and how often it is meant.
import type { JSX } from "preact";
import { hueClass } from "../instance-hue.ts";

export function InstanceBadge({ name, times = 1 }: { name: string | undefined; times?: number }): JSX.Element {
  return (
    <span class={`badge ${hueClass(name)}`}>
      {name ?? "no instance"}
      {times > 1 && ` × ${times}`}
    </span>
  );
}
