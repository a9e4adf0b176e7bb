import { defineCommand, SIGNED_IN } from '../command.ts';
import type { StatusItem } from '../item.ts';
import { ok } from '../replies.ts';
import { writeStatusOf } from '../status.ts';
import { end } from '../wire/grammar.ts';
import { statusItems } from '../wire/list-args.ts';
import { spSuppliedMailbox } from '../wire/mailbox.ts';

interface StatusArgs {
  readonly name: string;
  readonly items: readonly StatusItem[];
}

/** STATUS (RFC 9051 §6.3.11), of the selected mailbox too: RFC 3501 advises against asking, and clients do. */
export const status = defineCommand({
  name: 'STATUS',
  states: SIGNED_IN,
  parse(c, tables): StatusArgs {
    const { name } = spSuppliedMailbox(c);
    const items = statusItems(c, tables.statusItems);
    end(c);
    return { name, items };
  },
  async run(call, { name, items }) {
    await writeStatusOf(call, await call.session.reach.mailboxOf(name, 'r'), items);
    return ok('STATUS completed');
  },
});
