/** `brevduva domain reports`: what others have reported of our domains: who sends in their name, how much of it is proved, how TLS fares. */
import { type Command, InvalidArgumentError } from 'commander';
import { wordsOf } from '../feedback/words.ts';
import type { JsonOption } from './domain-records.ts';
import type { ExitCode } from './exit.ts';
import { withAdmin, withCommonOptions } from './options.ts';
import { note, print } from './terminal.ts';

interface ReportsOptions extends JsonOption {
  readonly days: number;
}

const MAX_DAYS = 365;

export function domainReports(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('reports')
    .description('show what others report of a domain, or of all: who sends in its name, and how TLS fares')
    .argument('[domain]')
    .option('--days <count>', 'of the last so many days', daysArgument, 30)
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (name: string | undefined, options: ReportsOptions) => {
    const overviews = await withAdmin(options, async ({ domains, feedback }) => {
      const names = name === undefined ? (await domains.listDomains()).map((one) => one.name) : [name];
      const all = [];
      for (const one of names) all.push(await feedback.overviewOf(one, options.days));
      return all;
    });
    if (options.json === true) for (const overview of overviews) print(JSON.stringify(overview));
    else if (overviews.length === 0) note('no domains yet');
    else {
      const { ownAddresses } = await import('../server/machine.ts');
      const own = ownAddresses();
      for (const overview of overviews) for (const line of wordsOf(overview, own)) print(line);
    }
  });
}

function daysArgument(text: string): number {
  const days = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= MAX_DAYS) return days;
  throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_DAYS}.`);
}
