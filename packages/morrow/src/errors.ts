/**
 * Every error that Morrow shows to a person: its code and the exit code of the command that met it.
 * `docs/errors.md` has a section for each; a test compares the two.
 */
export const ERRORS = {
  USAGE: { exit: 2, title: 'The command line is not understood' },
  CONFIG_NOT_FOUND: { exit: 2, title: 'There is no configuration here' },
  CONFIG_INVALID: { exit: 2, title: 'The configuration has mistakes' },
  CONFIG_UNREADABLE: { exit: 2, title: 'The configuration cannot be loaded' },
  CONFIG_EXISTS: { exit: 2, title: 'There is a configuration already' },
  UNKNOWN_ENVIRONMENT: { exit: 2, title: 'There is no environment of that name' },
  UNKNOWN_SERVICE: { exit: 2, title: 'There is no service of that name' },
  UNKNOWN_REVISION: { exit: 2, title: 'There is no revision of that name' },
  SERVICE_FOLDER_ABSENT: { exit: 1, title: 'The folder of a service does not exist' },
  NOT_SUPPORTED: { exit: 1, title: 'This cannot be done here' },
  AGENT_NOT_RUNNING: { exit: 1, title: 'The environment is not up' },
  AGENT_START_FAILED: { exit: 1, title: 'The agent did not start' },
  AGENT_GONE: { exit: 4, title: 'The agent does not answer any more' },
  EDGE_START_FAILED: { exit: 1, title: 'The edge did not start' },
  EDGE_UNREACHABLE: { exit: 1, title: 'The edge does not answer' },
  EDGE_EPOCH_STALE: { exit: 1, title: 'A newer controller has taken over' },
  EDGE_BAD_REQUEST: { exit: 1, title: 'The edge was told something it does not understand' },
  LEASE_HELD: { exit: 5, title: 'Another controller holds the lease' },
  LEASE_LOST: { exit: 1, title: 'A newer controller has taken over' },
  JOURNAL_UNREADABLE: { exit: 1, title: 'The journal cannot be read' },
  JOURNAL_NEWER: { exit: 1, title: 'The journal was written by a newer Morrow' },
  JOURNAL_WRITE_FAILED: { exit: 1, title: 'The journal cannot be written' },
  PORT_TAKEN: { exit: 1, title: 'A port is in use by another program' },
  BUILD_FAILED: { exit: 1, title: 'The build command failed' },
  SNAPSHOT_FAILED: { exit: 1, title: 'The snapshot could not be made' },
  START_COMMAND_MISSING: { exit: 2, title: 'Nothing says how to start the service' },
  SECRET_MISSING: { exit: 1, title: 'A secret has no value' },
  ROLLOUT_BUSY: { exit: 5, title: 'A rollout of that service is under way' },
  NO_ROLLOUT: { exit: 1, title: 'No rollout of that service is under way' },
  COMMAND_REFUSED: { exit: 1, title: 'The rollout does not take that command now' },
  NOTHING_TO_ROLL_BACK_TO: { exit: 1, title: 'There is no earlier revision to go back to' },
  DISK_FULL: { exit: 1, title: 'The disk is full' },
  PERMISSION_DENIED: { exit: 1, title: 'The operating system refuses access' },
  NODE_TOO_OLD: { exit: 1, title: 'Node.js is too old' },
  INTERNAL: { exit: 1, title: 'Morrow itself is at fault' },
} as const satisfies Record<string, { exit: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error meant for a person: one clear sentence, and a hint that says what to do next. */
export class MorrowError extends Error {
  readonly code: ErrorCode;
  /** What to do about it; one sentence or command. Empty where there is nothing to say. */
  readonly hint: string;

  /**
   * @param code one of {@link ERRORS}
   * @param message one sentence, no stack, no secret
   * @param options.hint what to do next
   * @param options.cause the error beneath, shown with `--debug` only
   */
  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MorrowError';
    this.code = code;
    this.hint = options.hint ?? '';
  }

  /** Exit code of a command that ends with this error. */
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}
