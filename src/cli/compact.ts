/** `brevduva compact`: what is stored into less room, at once; `--status` says how much of it is. */

import type { Command } from 'commander';
import { humanSize } from '../base/bytes.ts';
import type { PackingReport, PackingStatus } from '../mailbox/port/packing.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, print, shortDuration } from './terminal.ts';

interface CompactOptions extends CommonOptions {
  readonly status?: boolean;
  readonly json?: boolean;
}

export function compact(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('compact')
    .description(
      'pack all mail into less room now, and let go of what nobody needs any more; it can be interrupted',
    )
    .option('--status', 'only say how much is packed')
    .option('--json', 'one JSON object, for scripts');
  withCommonOptions(command).action(async ({ status, json, ...options }: CompactOptions) => {
    const { report, now } = await withAdmin(options, async ({ packing }) => ({
      report: status === true ? undefined : await packing.compact(),
      now: await packing.status(),
    }));
    if (json === true) print(JSON.stringify({ ...(report && { report }), status: now }));
    else for (const line of [...(report ? done(report) : []), ...described(now)]) print(line);
  });
}

function* done({ blobs, mailBytes, fileBytes, removed }: PackingReport): Generator<string> {
  if (blobs === 0) yield 'there was no mail to pack';
  else yield `packed ${counted(blobs, 'message')}: ${humanSize(mailBytes)} in ${humanSize(fileBytes)}`;
  if (removed > 0)
    yield `${counted(removed, 'pack')} that nobody needed any more ${removed === 1 ? 'is' : 'are'} gone`;
}

function* described(status: PackingStatus): Generator<string> {
  const { packed, unpacked, due, packs, packBytes, deadBytes, afterMs } = status;
  const share = packed.bytes === 0 ? '' : ` (${((100 * packBytes) / packed.bytes).toFixed(0)} %)`;
  yield `in packs: ${humanSize(packed.bytes)} of mail in ${humanSize(packBytes)}${share}, ${counted(packs, 'file')}`;
  if (deadBytes > 0) yield `of that nobody needs any more: ${humanSize(deadBytes)}, for a week at most`;
  yield `as it came: ${counted(unpacked.blobs, 'message')}, ${humanSize(unpacked.bytes)}`;
  if (afterMs === undefined) yield 'nothing is packed by itself: store.pack_after is 0';
  else yield `of that older than ${shortDuration(afterMs)} and packed next: ${humanSize(due.bytes)}`;
}
