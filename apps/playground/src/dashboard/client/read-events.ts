// Server-sent events by fetch: EventSource can send no header, and a key in an address ends up in logs.

/** Whether the server has refused the key, or the events have ended. Rejects where the connection broke off. */
export async function readEvents(
  headers: Record<string, string>,
  signal: AbortSignal,
  heard: (data: string) => void,
): Promise<"refused" | "ended"> {
  const response = await fetch("/dashboard/events", { headers, signal });
  if (response.status === 403) return "refused";
  if (!response.ok || response.body === null) return "ended";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return "ended";
    const messages = (rest + value).split("\n\n");
    rest = messages.pop() ?? "";
    for (const message of messages) {
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (data !== undefined) heard(data);
    }
  }
}
