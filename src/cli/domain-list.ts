/** `brevduva domain list`: the domains whose mail comes here. */
import type { Command } from 'commander';
import type { AliasSummary, DomainSummary } from '../admin/admin.ts';
import { domainLimits, totalText } from './domain-quota.ts';
import type { JsonOption } from './domain-records.ts';
import type { ExitCode } from './exit.ts';
import { commandName } from './invocation.ts';
import { withAdmin, withCommonOptions } from './options.ts';
import { note, print, table } from './terminal.ts';

export function domainList(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('list')
    .description('list the domains whose mail comes here')
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (options: JsonOption) => {
    const { domains, aliases } = await withAdmin(options, async (admin) => ({
      domains: await admin.domains.listDomains(),
      aliases: options.json === true ? [] : await admin.domains.listAliases(),
    }));
    if (options.json === true) for (const domain of domains) print(JSON.stringify(domain));
    else if (domains.length === 0) note(`no domains yet; to add one: ${commandName()} domain add DOMAIN`);
    else for (const line of tableOf(domains, aliases)) print(line);
  });
}

/** Quotas where there are any. */
function tableOf(domains: readonly DomainSummary[], aliases: readonly AliasSummary[]): Iterable<string> {
  const rests = new Map(aliases.map((alias) => [alias.address, alias]));
  const quotas = domains.map(({ quota }) => domainLimits(quota));
  const hasQuotas = quotas.some((one) => one !== '');
  const hasTotals = domains.some(({ total }) => total !== undefined);
  const cells = (quota: string, total: string): string[] => [
    ...(hasQuotas ? [quota] : []),
    ...(hasTotals ? [total] : []),
  ];
  const head = [
    'DOMAIN',
    'ACCOUNTS',
    'ALIASES',
    ...cells('QUOTA', 'ALL TOGETHER'),
    'SIGNS WITH',
    'ALL OTHER MAIL',
  ];
  const rows = domains.map((one, i) =>
    rowOf(
      one,
      cells(quotas[i] || '-', one.total === undefined ? '-' : totalText(one.total)),
      rests.get(`@${one.name}`),
    ),
  );
  return table([head, ...rows]);
}

function rowOf(
  { name, createdMs, accounts, aliases, rest, keys }: DomainSummary,
  limits: readonly string[],
  alias: AliasSummary | undefined,
): readonly string[] {
  const signs = keys.filter(({ state }) => state === 'active').map(({ selector }) => selector);
  const waits = keys
    .filter(({ state }) => state === 'waiting')
    .map(({ selector }) => `${selector} (waits for the DNS)`);
  const words = createdMs === undefined ? 'nothing: never added' : [...signs, ...waits].join(', ');
  return [name, String(accounts), String(aliases), ...limits, words, restOf(rest, alias)];
}

function restOf(rest: DomainSummary['rest'], alias: AliasSummary | undefined): string {
  const [first] = rest ?? [];
  if (first === undefined) return 'is refused';
  if (first.startsWith('@')) return `goes to the same name at ${first.slice(1)}`;
  // An account that it led to may be gone.
  if (alias !== undefined && alias.accounts + alias.forwards === 0)
    return `is refused: nobody has ${rest?.join(', ')}`;
  return `goes to ${rest?.join(', ')}`;
}
