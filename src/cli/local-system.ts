/** The store opened by a command, with nobody but a person at a terminal to tell what is found at that. */
import { silentLog } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import type { MailSystem } from '../server/mail-system.ts';
import type { Part } from '../server/workers/part.ts';
import { EXIT } from './exit.ts';
import { note } from './terminal.ts';

export interface Opening {
  /** The data folder is made when it is not there. */
  readonly makesData?: boolean;
  /** Files that do not belong together are made to. */
  readonly mends?: boolean;
}

/** `part`: of a folder that has not all of its shards. */
export async function openLocalSystem(
  config: Config,
  { mends = false, part }: Opening & { readonly part?: Part },
): Promise<MailSystem> {
  const { openMailSystem } = await import('../server/mail-system.ts');
  const onFatal = (error: Error): void => {
    note(`brevduva: storage failed, nothing more is written: ${error.message}`);
    process.exit(EXIT.failed);
  };
  const onNotice = (notice: string): void => note(`brevduva: ${notice}`);
  const system = await openMailSystem(config, silentLog, onFatal, {
    ...{ mends, onNotice },
    ...(part && { part }),
  });
  if (part === undefined) await system.accounts.resumeRemovals();
  return system;
}
