import { defineExtension } from '../extension.ts';
import { listReturn, type StatusItem } from '../item.ts';
import { writeStatusOf } from '../status.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { label, nonEmptyList, sp } from '../wire/grammar.ts';

interface StatusReturn {
  readonly names: readonly string[];
  readonly items: readonly StatusItem[];
}

/** LIST-STATUS (RFC 5819): the STATUS of every mailbox that is listed, right behind its LIST response. */
const statusReturn = listReturn<StatusReturn>({
  name: 'STATUS',
  parse(c) {
    sp(c);
    return { names: [...new Set(nonEmptyList(c, () => label(c, 'a STATUS item')))], items: [] };
  },
  resolve({ names }, tables) {
    const items = names.map((name) => {
      const item = tables.statusItems.get(name);
      if (item === undefined) throw new SyntaxFault(`Unknown STATUS item ${name.slice(0, 40)}`);
      return item;
    });
    return { names, items };
  },
  // RFC 5819 §2: of what cannot be read there is none.
  follow: (call, place, { items }) => (place.may('r') ? writeStatusOf(call, place, items) : undefined),
});

export const listStatus = defineExtension({
  rfc: 'RFC 5819 LIST-STATUS',
  capabilities: () => ['LIST-STATUS'],
  listReturns: [statusReturn],
});
