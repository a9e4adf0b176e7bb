/**
 * How a command ends: 0 everything was done; 1 something failed, or some of many things did; 2 the command line or the
 * configuration is wrong and nothing was done.
 */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The person at the command line wrote something that cannot be meant; `message` says what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
