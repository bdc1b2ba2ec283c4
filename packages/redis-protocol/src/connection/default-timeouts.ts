// How long things may take where the options do not say. In milliseconds.

/** From a call until its answer. */
export const DEFAULT_COMMAND_TIMEOUT_MS = 500;
/** Of a step that is no call of the stores: a listing's page, or a question to one server. */
export const DEFAULT_STEP_MS = 500;
/** Until there is a connection. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
