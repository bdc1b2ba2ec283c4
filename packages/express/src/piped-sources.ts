// Streams that handlers pipe into a held response: once their answer is refused, they stop.
import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/**
 * The function that it returns stops them, and those that handlers pipe later. They are paused at once and destroyed only with the
 * response: pipeline() destroys its destination with its source, and error handlers still have to answer there.
 */
export function pipedSources(response: ServerResponse, isHandler: () => boolean): () => void {
  const sources = new Set<Readable>();
  let isStopped = false;
  const stop = (source: Readable) => {
    source.unpipe(response);
    if (response.closed) end(source);
    else response.once("close", () => end(source));
  };
  response.on("pipe", (source) => {
    if (!isHandler()) return;
    sources.add(source);
    // Later: pipe() is still at work.
    if (isStopped) process.nextTick(stop, source);
  });
  response.on("unpipe", (source) => sources.delete(source));
  return () => {
    isStopped = true;
    for (const source of [...sources]) stop(source);
  };
}

/** Not a stream that is read elsewhere, too. */
function end(source: Readable): void {
  if (source.listenerCount("data") + source.listenerCount("readable") === 0) source.destroy();
}
