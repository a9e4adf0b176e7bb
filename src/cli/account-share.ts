/** `brevduva account share`, `unshare` and `shares`: who may do what in the mailboxes of an account beside its owner. */
import type { Command } from 'commander';
import type { ChangedShare } from '../admin/sharing-admin.ts';
import { NO_RIGHTS, type RightsChange, readRights } from '../mailbox/model/rights.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { print, table } from './terminal.ts';

/** What people mean who do not know letters. */
const ROLES: Readonly<Record<string, string>> = Object.freeze({
  read: 'lrs',
  work: 'lrswite',
  all: 'lrswipkxtea',
});

export function accountShare(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('share')
    .description('let somebody into a mailbox, which he finds below "Other Users/ADDRESS/"')
    .argument('<address>', 'whose mailbox it is')
    .argument('<mailbox>')
    .argument(
      '<who>',
      'an account, a list, or "anyone"; with - in front, and -- before that, to take rights that he has otherwise',
    )
    .argument(
      '[rights]',
      'read, work, all, or letters of RFC 4314 such as lrs; +i gives one more; -i takes one, with -- before it',
      'read',
    );
  withCommonOptions(command).action(
    async (address: string, mailbox: string, who: string, text: string, options: CommonOptions) => {
      const change = changeOf(text);
      const changed = await withAdmin(options, (admin) => admin.sharing.share(address, mailbox, who, change));
      print(
        `${mailbox} of ${address}: ${who} ${changed.rights === '' ? noneWords(changed) : changed.rights}`,
      );
    },
  );
}

export function accountUnshare(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('unshare')
    .description('take all rights in a mailbox from somebody; he is sent away from it at once')
    .argument('<address>', 'whose mailbox it is')
    .argument('<mailbox>')
    .argument('<who>');
  withCommonOptions(command).action(
    async (address: string, mailbox: string, who: string, options: CommonOptions) => {
      const change: RightsChange = { mode: 'replace', rights: NO_RIGHTS };
      const changed = await withAdmin(options, (admin) => admin.sharing.share(address, mailbox, who, change));
      print(`${mailbox} of ${address}: ${changed.with} ${noneWords(changed)}`);
    },
  );
}

export function accountShares(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('shares')
    .description('show with whom the mailboxes of an account are shared')
    .argument('<address>');
  withCommonOptions(command).action(async (address: string, options: CommonOptions) => {
    const shares = await withAdmin(options, (admin) => admin.sharing.sharesOf(address));
    if (shares.length === 0) print(`${address} shares nothing`);
    for (const line of table(shares.map((one) => [one.mailbox, one.with, one.rights]))) print(line);
  });
}

/** Who is in a list, or in "anyone", may have lost nothing by it. */
function noneWords({ with: name, before, byOthers }: ChangedShare): string {
  if (name.startsWith('-'))
    return before === '' ? 'took nothing, nothing is changed' : 'takes nothing any more';
  const others = byOthers.map((one) => `${one.rights} by ${one.with}`).join(', ');
  if (before === '')
    return `had no rights of his own, nothing is changed${others === '' ? '' : `; ${others}`}`;
  return others === '' ? 'has no rights' : `has none of his own; ${others}`;
}

function changeOf(text: string): RightsChange {
  const [, sign = '', said = ''] = /^([+-]?)(.*)$/.exec(text) ?? [];
  const read = readRights(ROLES[said] ?? said);
  if ('unknown' in read)
    throw new UsageError(`"${read.unknown}" is no right; say read, work, all, or letters of lrswipkxtea`);
  return { mode: sign === '+' ? 'add' : sign === '-' ? 'remove' : 'replace', rights: read.rights };
}
