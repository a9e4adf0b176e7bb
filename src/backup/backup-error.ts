/** What a backup or a restore fails with on purpose; the message is for whoever asked for it. */

/**
 * `usage`: what was asked for cannot be, and nothing was done. `busy`: somebody else works on the set. `full`: no room. `missing`: an object
 * is not there. `damaged`: something is not what it was. `newer`: of another version. `place`: the folder or the bucket failed.
 */
export type BackupErrorCode = 'usage' | 'busy' | 'full' | 'missing' | 'damaged' | 'newer' | 'place';

export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
