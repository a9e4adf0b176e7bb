/** `brevduva account share`, `unshare` and `shares`: who may do what in the mailboxes of an account beside its owner. */
import type { Command } from 'commander';
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
      'an account, a list, or "anyone"; with - in front, to take rights that he has otherwise',
    )
    .argument(
      '[rights]',
      'read, work, all, or letters of RFC 4314 such as lrs; +i gives one more, -i takes one',
      'read',
    );
  withCommonOptions(command).action(
    async (address: string, mailbox: string, who: string, text: string, options: CommonOptions) => {
      const change = changeOf(text);
      const rights = await withAdmin(options, (admin) => admin.sharing.share(address, mailbox, who, change));
      print(`${mailbox} of ${address}: ${who} ${rights === '' ? 'has no rights' : rights}`);
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
      await withAdmin(options, (admin) => admin.sharing.share(address, mailbox, who, change));
      print(`${mailbox} of ${address}: ${who} has no rights`);
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

function changeOf(text: string): RightsChange {
  const [, sign = '', said = ''] = /^([+-]?)(.*)$/.exec(text) ?? [];
  const read = readRights(ROLES[said] ?? said);
  if ('unknown' in read)
    throw new UsageError(`"${read.unknown}" is no right; say read, work, all, or letters of lrswipkxtea`);
  return { mode: sign === '+' ? 'add' : sign === '-' ? 'remove' : 'replace', rights: read.rights };
}
