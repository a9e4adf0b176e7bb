/** `brevduva alias`: addresses that lead to others, lists of members, and what becomes of mail that nobody has the address of. */
import type { Command } from 'commander';
import type { AliasChanged, AliasSummary } from '../admin/admin.ts';
import type { JsonOption } from './domain-records.ts';
import type { ExitCode } from './exit.ts';
import { commandName } from './invocation.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, note, print, table } from './terminal.ts';

const HEAD = ['ADDRESS', 'LEADS TO', 'RECEIVED BY'] as const;
const ADDRESS = 'info@example.com; @example.com for all of a domain that nobody has';

export function alias(program: Command, _done: (code: ExitCode) => void): void {
  const command = program.command('alias').description('addresses that lead to others, and lists of members');
  withCommonOptions(
    command
      .command('add')
      .description('make an address lead to others, or to more; it is a list when there are several')
      .argument('<address>', ADDRESS)
      .argument(
        '<targets...>',
        'accounts, aliases, addresses elsewhere; @example.org for the same name there',
      )
      .option('--json', 'one JSON object'),
  ).action(add);
  withCommonOptions(
    command
      .command('list')
      .description('list the aliases and who receives')
      .argument('[text]', 'those alone that have this in their address or targets')
      .option('--json', 'one JSON object a line, for scripts'),
  ).action(list);
  withCommonOptions(
    command
      .command('remove')
      .description('take an alias away, or some of its targets')
      .argument('<address>', ADDRESS)
      .argument('[targets...]', 'these alone')
      .option('--json', 'one JSON object'),
  ).action(remove);
}

async function add(address: string, targets: readonly string[], options: JsonOption): Promise<void> {
  const changed = await withAdmin(options, ({ domains }) => domains.addToAlias(address, targets));
  show(changed, options, ({ isNew, changed: added, alias: now }) => {
    if (now === undefined) return `${address} was removed in the same moment`;
    if (isNew) return `${now.address} leads to ${now.targets.join(', ')}`;
    if (added.length === 0) return `${now.address} led there before; it leads to ${now.targets.join(', ')}`;
    return `added ${added.join(', ')}; ${now.address} leads to ${now.targets.join(', ')}`;
  });
}

async function remove(address: string, targets: readonly string[], options: JsonOption): Promise<void> {
  const dropped = targets.length === 0 ? 'all' : targets;
  const changed = await withAdmin(options, ({ domains }) => domains.dropFromAlias(address, dropped));
  show(changed, options, ({ alias: now, changed: gone }) => {
    if (now === undefined) return `removed ${address}, which led to ${gone.join(', ')}`;
    return `removed ${gone.join(', ')}; ${now.address} leads to ${now.targets.join(', ')}`;
  });
}

function show(changed: AliasChanged, { json }: JsonOption, words: (changed: AliasChanged) => string): void {
  print(json === true ? JSON.stringify(changed) : words(changed));
}

async function list(
  text: string | undefined,
  options: CommonOptions & { readonly json?: boolean },
): Promise<void> {
  const all = await withAdmin(options, (admin) => admin.domains.listAliases());
  const wanted = text?.toLowerCase() ?? '';
  const found = all.filter(({ address, targets }) =>
    [address, ...targets].some((one) => one.includes(wanted)),
  );
  if (options.json === true) for (const one of found) print(JSON.stringify(one));
  else if (all.length === 0) note(`no aliases yet; to add one: ${commandName()} alias add ADDRESS TARGET`);
  else if (found.length === 0) note(`no alias has ${text} in it`);
  else for (const line of table([HEAD, ...found.map(rowOf)])) print(line);
}

function rowOf(one: AliasSummary): readonly string[] {
  return [one.address, one.targets.join(', '), receiversOf(one)];
}

/** An alias of a whole domain is received by whoever has the name there. */
export function receiversOf({ targets, accounts, forwards }: AliasSummary): string {
  if (targets[0]?.startsWith('@')) return 'the same names there';
  const parts = [
    ...(accounts > 0 ? [counted(accounts, 'account')] : []),
    ...(forwards > 0 ? [`${counted(forwards, 'address', 'addresses')} elsewhere`] : []),
  ];
  return parts.join(', ') || 'nobody: mail is refused';
}
