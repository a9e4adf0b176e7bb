/** `brevduva account remove`: the account and all its mail, for ever. */

import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Admin } from '../admin/admin.ts';
import { humanSize } from '../base/bytes.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, note, print } from './terminal.ts';

interface Options extends CommonOptions {
  readonly yes?: boolean;
  readonly dropQueued?: boolean;
}

export function accountRemove(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('remove')
    .description('remove an account with all its mail; nothing brings it back')
    .argument('<address>')
    .option('--yes', 'do not ask')
    .option('--drop-queued', 'also while mail waits to leave it, which then is not delivered');
  withCommonOptions(command).action(async (address: string, options: Options) => {
    await withAdmin(options, async (admin) => {
      const account = await admin.findAccount(address);
      if (options.yes !== true) await confirm(account.address, account.usedMessages, account.usedBytes);
      await remove(admin, account.address, options.dropQueued === true);
      print(`removed ${account.address}`);
      await tellOfAliases(admin, account.address);
    });
  });
}

/** What a list or a forward keeps for others stands in an account too. */
async function remove(admin: Admin, address: string, dropsQueued: boolean): Promise<void> {
  try {
    await admin.removeAccount(address, { dropsQueued });
  } catch (error) {
    if (!(error instanceof MailboxError) || error.code !== 'cannot') throw error;
    note(
      `look at it with: queue list --account ${address}; wait until it has left, end it with: queue drop --account ${address} --reason TEXT --report; or remove the account with --drop-queued, and nobody is told`,
    );
    throw error;
  }
}

/** Mail that comes to them is refused now, and nobody has said so to whoever relies on it. */
async function tellOfAliases({ domains }: Admin, address: string): Promise<void> {
  const aliases = (await domains.listAliases()).filter(({ targets }) => targets.includes(address));
  for (const { address: from, accounts, forwards } of aliases) {
    if (accounts + forwards > 0)
      note(`${from} led there as well as to others; take it out with: alias remove ${from} ${address}`);
    else
      note(
        `${from} leads nowhere now, and its mail is refused; remove it or make it lead elsewhere: alias remove ${from}`,
      );
  }
}

async function confirm(address: string, messages: number, bytes: number): Promise<void> {
  if (process.stdin.isTTY !== true)
    throw new UsageError('there is no terminal to ask for confirmation; give --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const question = `${address} has ${counted(messages, 'message')}, ${humanSize(bytes)}. Type the address to remove all of it: `;
  const answer = await terminal.question(question);
  terminal.close();
  if (answer.trim() !== address) throw new UsageError('not removed');
}
