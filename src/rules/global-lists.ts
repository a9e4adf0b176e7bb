/** Lists of the administrator's that scripts may ask (RFC 6134): `NAME.list` beside the scripts, an address or another value a line. */
import { isUtf8 } from 'node:buffer';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { GlobalFiles } from './global-files.ts';

export interface GlobalListsOptions {
  readonly folder: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** In lower case. */
export class GlobalLists extends GlobalFiles<ReadonlySet<string>> {
  constructor(options: GlobalListsOptions) {
    super({ ...options, ending: '.list', read: linesOf });
  }
}

/** Without empty lines, and those that begin with `#`. */
function linesOf(text: Buffer): ReadonlySet<string> {
  if (!isUtf8(text)) throw new Error('it is not UTF-8');
  const lines = text.toString('utf8').split(/\r?\n/);
  return new Set(
    lines.map((line) => line.trim().toLowerCase()).filter((line) => line !== '' && !line.startsWith('#')),
  );
}
