// A button that asks the server to act. It keeps the focus while it waits, and says why where nothing can be done.
import type { ComponentChildren, JSX } from "preact";
import type { ActionName } from "../../state.ts";
import type { Actions } from "../use-actions.ts";

export interface ActionButtonProps {
  actions: Actions;
  action: ActionName;
  /** Its accessible name; where the words on it are fewer, they are part of it. */
  title: string;
  body?: object;
  tone?: "primary" | "danger";
  /** Why this one cannot be used just now. */
  notNow?: string | undefined;
  children?: ComponentChildren;
}

export function ActionButton(props: ActionButtonProps): JSX.Element {
  const { actions, action, title, body, tone, notNow, children = title } = props;
  const waits = actions.waiting.has(title);
  const why = actions.denied ?? notNow;
  return (
    <button
      type="button"
      class={`button ${tone ?? ""} ${waits ? "waiting" : ""}`}
      disabled={why !== undefined}
      aria-disabled={waits}
      aria-label={children === title ? undefined : title}
      title={why}
      onClick={() => void actions.act(action, title, body)}
    >
      {children}
    </button>
  );
}
