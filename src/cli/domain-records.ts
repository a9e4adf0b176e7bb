/** `brevduva domain records`: what to publish for a domain, as lines for its zone file. */
import type { Command } from 'commander';
import type { DomainSummary } from '../admin/admin.ts';
import type { Config } from '../config/options.ts';
import { domainsIn } from '../doctor/known-domains.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withAdmin, withCommonOptions } from './options.ts';
import { note, print } from './terminal.ts';

export interface JsonOption extends CommonOptions {
  readonly json?: boolean;
}

export function domainRecords(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('records')
    .description('print what to publish for a domain, as lines for its zone file')
    .argument('<domain>')
    .option('--json', 'one JSON object');
  withCommonOptions(command).action(async (name: string, options: JsonOption) => {
    const domain = await withAdmin(options, (admin) => admin.domains.findDomain(name));
    await showRecords(domain, options);
  });
}

/** Of what the server can serve as it is configured. */
export async function showRecords(domain: DomainSummary, options: JsonOption): Promise<void> {
  const { config } = configOf(options, { isSilent: true });
  const records = await recordsOf(domain, config);
  if (options.json === true) return print(JSON.stringify({ ...domain, records }));
  for (const record of records) print(record);
  if (config.hostname === 'localhost')
    note(
      'The hostname is localhost, which others cannot reach: set it, then "domain records" prints them anew.',
    );
  if (config.listen.smtp === undefined)
    note(
      'The MX leads here, and this server does not take mail from the world (listen.smtp is off): before you publish it, set listen.smtp = "*:25", or have a mail transfer agent on this machine take the mail and hand it over by LMTP.',
    );
}

async function recordsOf(domain: DomainSummary, config: Config): Promise<readonly string[]> {
  const { worldOf } = await import('../server/doctor-world.ts');
  const { wantedRecords } = await import('../doctor/wanted-records.ts');
  return wantedRecords(
    worldOf(config, { version: '', server: { kind: 'absent' }, domains: domainsIn([domain]) }),
  );
}
