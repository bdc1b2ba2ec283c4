// A section of the page with its heading, and what stands beside the heading.
import type { ComponentChildren, JSX } from "preact";

export interface PanelProps {
  /** Also the heading's id, in small letters. */
  title: string;
  aside?: ComponentChildren;
  className?: string;
  children: ComponentChildren;
}

export function Panel({ title, aside, className = "", children }: PanelProps): JSX.Element {
  const id = `${title.toLowerCase()}-heading`;
  return (
    <section class={`panel ${className}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <div class="panel-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}
