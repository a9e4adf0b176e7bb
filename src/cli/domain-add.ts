/** `brevduva domain add`: a domain whose mail comes here, with keys that sign for it; prints what to publish. */
import { type Command, InvalidArgumentError } from 'commander';
import { type JsonOption, showRecords } from './domain-records.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { withAdmin, withCommonOptions } from './options.ts';
import { note, print } from './terminal.ts';

interface AddOptions extends JsonOption {
  readonly catchAll: readonly string[];
  readonly aliasOf?: string;
}

export function domainAdd(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('add')
    .description('take mail for a domain, make keys that sign for it, and print what to publish')
    .argument('<domain>', 'example.org')
    .option(
      '--catch-all <address>',
      'who gets mail for addresses that nobody has; again for more',
      gathered,
      [],
    )
    .option('--alias-of <domain>', 'mail for anybody here goes to the same name there', wholeDomain)
    .option('--json', 'one JSON object');
  withCommonOptions(command).action(async (name: string, options: AddOptions) => {
    const { catchAll, aliasOf } = options;
    if (aliasOf !== undefined && catchAll.length > 0)
      throw new UsageError(
        'a domain stands for another one, or has a catch-all of its own: give one of the two',
      );
    const rest = aliasOf === undefined ? catchAll : [aliasOf];
    const domain = await withAdmin(options, (admin) => admin.domains.addDomain(name, rest), {
      makesData: true,
    });
    if (options.json === true) return showRecords(domain, options);
    print(`added ${domain.name}`);
    note('Publish these in the DNS:');
    await showRecords(domain, options);
    note('Whoever gave you the addresses of this machine sets their reverse names (PTR) to the hostname.');
    note(
      `Its keys sign as soon as the DNS shows them; "domain check ${domain.name}" looks whether all is there.`,
    );
  });
}

const gathered = (text: string, before: readonly string[]): readonly string[] => [...before, text];

function wholeDomain(text: string): string {
  if (text.includes('@')) throw new InvalidArgumentError('Expected a domain such as example.com.');
  return `@${text}`;
}
