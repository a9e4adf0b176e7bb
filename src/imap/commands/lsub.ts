import { ancestors, matchesPattern } from '../../mail/mailbox-name.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import { attributesOf, listedNames, mayMatchOthers, writeList } from '../listing.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { lsubArgs } from '../wire/list-args.ts';
import { fullPattern } from './list.ts';

/**
 * LSUB (RFC 3501 §6.3.9): the subscribed names. With `%`, a name that is not subscribed stands in as \Noselect for those
 * below it that are; a subscription without mailbox is \Noselect too, so that clients grey it out.
 */
export const lsub = defineCommand({
  name: 'LSUB',
  states: SIGNED_IN,
  gathers: true,
  parse(c) {
    const args = lsubArgs(c);
    end(c);
    return args;
  },
  async run({ session }, { reference, pattern }) {
    const full = fullPattern(reference, pattern);
    if (full === undefined) return ok('LSUB completed');
    const names = await listedNames(session.reach, mayMatchOthers(full));
    const stand = new Set<string>();
    for (const { name, isSubscribed } of names) {
      if (isSubscribed && full.endsWith('%') && !matchesPattern(full, name)) {
        for (const parent of ancestors(name)) stand.add(parent);
      }
    }
    for (const listed of names) {
      const isListed = listed.isSubscribed || stand.has(listed.name);
      if (isListed && matchesPattern(full, listed.name)) {
        const isSelectable = listed.isSubscribed && listed.mailbox !== undefined;
        writeList(session.out, 'LSUB', listed.name, isSelectable ? attributesOf(listed) : ['\\Noselect']);
      }
      const pause = session.breathe();
      if (pause !== undefined) await pause;
    }
    return ok('LSUB completed');
  },
});
