/** That sending is paused, in the data folder: whoever has stopped it has a reason that a restart does not take away. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class PauseFile {
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, 'queue-paused');
  }

  get isThere(): boolean {
    return existsSync(this.path);
  }

  /** All processes of a server write the same file, each of them for itself. Throws what the disk does. */
  keep(isPaused: boolean): void {
    if (isPaused) writeFileSync(this.path, `${new Date().toISOString()}\n`, { mode: 0o600, flush: true });
    else rmSync(this.path, { force: true });
  }
}
