// An instance's name with its colour.
import type { JSX } from "preact";
import { hueClass } from "../instance-hue.ts";

export function InstanceBadge({ name }: { name: string | undefined }): JSX.Element {
  return <span class={`badge ${hueClass(name)}`}>{name ?? "no instance"}</span>;
}
