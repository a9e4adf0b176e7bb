/**
 * Everything that is registered, and what follows from it: the command table, the tables of the parsers, CAPABILITY and
 * ENABLE. Refuses at start what would lie to a client: a name registered twice.
 */
import { Bug } from '../base/invariant.ts';
import type { Command } from './command.ts';
import type { CapabilityContext, Extension } from './extension.ts';
import type {
  CreateParameter,
  Enablable,
  FetchItem,
  ListReturnItem,
  ListSelectionItem,
  SearchKeyItem,
  SelectParameter,
  StatusItem,
  StoreItem,
  Tables,
} from './item.ts';
import { type KeywordSyntax, type KeywordTable, keywordTable } from './wire/keyword-table.ts';

export class Registry implements Tables {
  readonly extensions: readonly Extension[];
  readonly commands: ReadonlyMap<string, Command>;
  readonly enables: ReadonlyMap<string, Enablable>;
  readonly fetchItems: KeywordTable<FetchItem>;
  readonly statusItems: KeywordTable<StatusItem>;
  readonly searchKeys: ReadonlyMap<string, SearchKeyItem>;
  readonly searchReturns: KeywordTable<KeywordSyntax>;
  readonly selectParameters: KeywordTable<SelectParameter>;
  readonly fetchModifiers: KeywordTable<KeywordSyntax>;
  readonly storeModifiers: KeywordTable<KeywordSyntax>;
  readonly storeItems: KeywordTable<StoreItem>;
  readonly createParameters: KeywordTable<CreateParameter>;
  readonly listSelections: KeywordTable<ListSelectionItem>;
  readonly listReturns: KeywordTable<ListReturnItem>;

  constructor(extensions: readonly Extension[]) {
    this.extensions = extensions;
    this.commands = byName(extensions.flatMap((one) => one.commands ?? []));
    this.enables = new Map(
      extensions.flatMap((one) =>
        Object.entries(one.enables ?? {}).map(([name, enable]) => [
          name.toUpperCase(),
          { name, enable, mayEnable: one.mayEnable },
        ]),
      ),
    );
    this.fetchItems = keywordTable(extensions.flatMap((one) => one.fetchItems ?? []));
    this.statusItems = keywordTable(extensions.flatMap((one) => one.statusItems ?? []));
    this.searchKeys = byName(
      extensions.flatMap(({ searchKeys = [] }) =>
        typeof searchKeys === 'function' ? searchKeys(this) : searchKeys,
      ),
    );
    this.searchReturns = keywordTable(
      extensions.flatMap(({ searchReturns = [] }) =>
        typeof searchReturns === 'function' ? searchReturns(this) : searchReturns,
      ),
    );
    this.selectParameters = keywordTable(extensions.flatMap((one) => one.selectParameters ?? []));
    this.fetchModifiers = keywordTable(extensions.flatMap((one) => one.fetchModifiers ?? []));
    this.storeModifiers = keywordTable(extensions.flatMap((one) => one.storeModifiers ?? []));
    this.storeItems = keywordTable(extensions.flatMap((one) => one.storeItems ?? []));
    this.createParameters = keywordTable(extensions.flatMap((one) => one.createParameters ?? []));
    this.listSelections = keywordTable(extensions.flatMap((one) => one.listSelections ?? []));
    this.listReturns = keywordTable(extensions.flatMap((one) => one.listReturns ?? []));
  }

  /** For CAPABILITY, in the order of registration. */
  capabilities(context: CapabilityContext): string[] {
    return [...new Set(this.extensions.flatMap((one) => one.capabilities?.(context) ?? []))];
  }
}

function byName<Named extends { readonly name: string }>(all: readonly Named[]): ReadonlyMap<string, Named> {
  const table = new Map<string, Named>();
  for (const one of all) {
    if (table.has(one.name)) throw new Bug(`${one.name} is registered twice`);
    table.set(one.name, one);
  }
  return table;
}
