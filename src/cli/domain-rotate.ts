/** `brevduva domain rotate`: new keys in the place of those that sign, as soon as the DNS shows them. */
import type { Command } from 'commander';
import type { JsonOption } from './domain-records.ts';
import type { ExitCode } from './exit.ts';
import { withAdmin, withCommonOptions } from './options.ts';
import { note, print } from './terminal.ts';

export function domainRotate(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('rotate')
    .description('make new keys that sign for a domain once the DNS shows them, and print their records')
    .argument('<domain>')
    .option('--json', 'one JSON object');
  withCommonOptions(command).action(async (name: string, options: JsonOption) => {
    const domain = await withAdmin(options, (admin) => admin.domains.rotateKeys(name));
    const { domainsIn } = await import('../doctor/known-domains.ts');
    const { keyLine } = await import('../doctor/checks/signing-keys.ts');
    const waiting = domain.keys.filter(({ state }) => state === 'waiting');
    const [ascii = domain.name] = domainsIn([domain]).keys?.keys() ?? [];
    const records = waiting.map((key) => keyLine(`${key.selector}._domainkey.${ascii}`, key));
    if (options.json === true) return print(JSON.stringify({ ...domain, records }));
    note('Publish these beside those that are there:');
    for (const record of records) print(record);
    note(
      'The new keys sign when the DNS was seen to show them twice, an hour apart. The old ones stay published for a week after; "domain check" says when they can go.',
    );
  });
}
