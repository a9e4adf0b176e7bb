/** `brevduva account link`: lets somebody in to the webmail once who has lost the password, to choose another. */
import type { Command } from 'commander';
import type { Config } from '../config/options.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withAdmin, withCommonOptions } from './options.ts';
import { note, print } from './terminal.ts';

const HTTPS_PORT = 443;

export function accountLink(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('link')
    .description('make a link that signs in to the webmail once, within an hour, to set a password there')
    .argument('<address>');
  withCommonOptions(command).action(async (address: string, options: CommonOptions) => {
    const { config } = configOf(options, { isSilent: true });
    const token = await withAdmin(options, (admin) => admin.people.makeLink(address));
    print(`${webmailAt(config)}/sign-in?password#${token}`);
    note('It signs in whoever has it: give it to the person by a way that nobody else reads.');
  });
}

/** As its people know it, as far as the configuration says. */
function webmailAt({ hostname, listen: { https, http } }: Config): string {
  if (https !== undefined) return `https://${hostname}${https.port === HTTPS_PORT ? '' : `:${https.port}`}`;
  return http === undefined ? `https://${hostname}` : `http://localhost:${http.port}`;
}
