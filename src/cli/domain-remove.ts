/** `brevduva domain remove`: no mail for it any more; its keys and the aliases in it go. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { DomainSummary } from '../admin/admin.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, print } from './terminal.ts';

export function domainRemove(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('remove')
    .description('take no more mail for a domain; its keys and the aliases in it go')
    .argument('<domain>')
    .option('--yes', 'do not ask');
  withCommonOptions(command).action(async (name: string, options: CommonOptions & { yes?: boolean }) => {
    await withAdmin(options, async ({ domains }) => {
      const domain = await domains.findDomain(name);
      if (options.yes !== true && domain.accounts === 0) await confirm(domain);
      const aliases = await domains.removeDomain(domain.name);
      print(`removed ${domain.name}${aliases > 0 ? ` with ${counted(aliases, 'alias', 'aliases')}` : ''}`);
    });
  });
}

async function confirm({ name, aliases, keys, rest = [] }: DomainSummary): Promise<void> {
  if (process.stdin.isTTY !== true)
    throw new UsageError('there is no terminal to ask for confirmation; give --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const all = aliases + Math.min(rest.length, 1);
  const question = `${name} has ${counted(all, 'alias', 'aliases')} and ${counted(keys.length, 'key')}. Type the domain to remove them: `;
  const answer = await terminal.question(question);
  terminal.close();
  if (answer.trim() !== name) throw new UsageError('not removed');
}
