// How long things may take where the options do not say. In milliseconds.

/** From a call until its answer. */
export const DEFAULT_COMMAND_TIMEOUT_MS = 500;
/** Until there is a connection. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
