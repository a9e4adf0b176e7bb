import { defineCommand, SELECTED } from '../command.ts';
import { ok } from '../replies.ts';
import { SearchContexts } from '../search-contexts.ts';
import type { Cursor } from '../wire/cursor.ts';
import { end, quoted, sp } from '../wire/grammar.ts';

/** CANCELUPDATE (RFC 5267 §4.3.5). A tag that is no context any more, since the mailbox was opened anew, is no harm. */
export const cancelUpdateCommand = defineCommand({
  name: 'CANCELUPDATE',
  states: SELECTED,
  parse(c): readonly string[] {
    const tags = [spTag(c)];
    while (c.peek() === SP && c.peekAt(1) === DQUOTE) tags.push(spTag(c));
    end(c);
    return tags;
  },
  run({ session, state }, tags) {
    const contexts = SearchContexts.of(session, state.selected);
    for (const tag of tags) contexts.cancel(tag);
    return ok('No further updates');
  },
});

const SP = 0x20;
const DQUOTE = 0x22;

function spTag(c: Cursor): string {
  sp(c);
  return quoted(c).toString('latin1');
}
