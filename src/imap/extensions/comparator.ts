/**
 * I18NLEVEL=2 (RFC 5255 §4): SEARCH, SORT and THREAD compare by i;unicode-casemap (RFC 5051), or by what the client chooses with
 * COMPARATOR. What a search finds by each is in `mail/fold.ts`, and by what mail is sorted in `mail/sort-keys.ts`.
 */
import { type Command, defineCommand, SIGNED_IN } from '../command.ts';
import { comparatorsFor, nameOf } from '../comparator.ts';
import { defineExtension } from '../extension.ts';
import { no, ok } from '../replies.ts';
import { wishesToEnd } from '../wire/wish-args.ts';

const comparatorCommand: Command = defineCommand({
  name: 'COMPARATOR',
  states: SIGNED_IN,
  parse: wishesToEnd,
  run({ session: { modes, out } }, wishes) {
    const found = comparatorsFor(wishes);
    if (wishes.length > 0) {
      const [first] = found;
      if (first === undefined) return no('There is no such comparator', 'BADCOMPARATOR');
      modes.comparator = first;
    }
    out.ascii(`* COMPARATOR ${nameOf(modes.comparator)}`);
    if (found.length > 1) out.ascii(` (${found.map(nameOf).join(' ')})`);
    out.crlf();
    return ok('COMPARATOR completed');
  },
});

export const comparator = defineExtension({
  rfc: 'RFC 5255 I18NLEVEL=2',
  capabilities: () => ['I18NLEVEL=2'],
  commands: [comparatorCommand],
});
