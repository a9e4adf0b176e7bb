/** Why a store refuses: values, and what its calls throw. */

export const STORE_ERROR_CODES = [
  'conflict',
  'fenced',
  'full',
  'io',
  'closed',
  'damaged',
  'unreadable',
] as const;
export type StoreErrorCode = (typeof STORE_ERROR_CODES)[number];

/**
 * `conflict`: the base has moved, reload and retry. `fenced`: the account is not ours (any more), it did not happen here and
 * never will. `full`: no room on the disk, nothing changed. `io`: the device
 * failed, nothing changed. `damaged`: what is stored does not add up (checksum, missing bytes), so it is lost.
 * `unreadable`: the way to it is damaged, and a repair may bring it back.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
