/** `brevduva account remove`: the account and all its mail, for ever. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Admin } from '../admin/admin.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, humanSize, note, print } from './terminal.ts';

export function accountRemove(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('remove')
    .description('remove an account with all its mail; nothing brings it back')
    .argument('<address>')
    .option('--yes', 'do not ask');
  withCommonOptions(command).action(async (address: string, options: CommonOptions & { yes?: boolean }) => {
    await withAdmin(options, async (admin) => {
      const account = await admin.findAccount(address);
      if (options.yes !== true) await confirm(account.address, account.usedMessages, account.usedBytes);
      await admin.removeAccount(account.address);
      print(`removed ${account.address}`);
      await tellOfAliases(admin, account.address);
    });
  });
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
