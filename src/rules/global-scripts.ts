/**
 * Scripts of the server, in a folder of the administrator's: `before.sieve` and `after.sieve` are run for every account, before
 * and after its own; any `NAME.sieve` can be included as `:global`.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Script } from '../sieve/compile/script.ts';
import type { Compiler } from './compiler.ts';
import { GlobalFiles } from './global-files.ts';

export interface GlobalOptions {
  readonly folder: string | undefined;
  readonly compiler: Compiler;
  readonly clock: Clock;
  readonly log: Log;
}

export class GlobalScripts extends GlobalFiles<Script> {
  constructor({ compiler, ...rest }: GlobalOptions) {
    super({ ...rest, ending: '.sieve', read: (text, name) => compiler.compile(text, name) });
  }
}
