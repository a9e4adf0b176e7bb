import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cursor } from './cursor.ts';
import { keywordTable } from './keyword-table.ts';
import { notifyArgs } from './notify-args.ts';
import { faultOf, parseAll } from './testing.ts';

const items = keywordTable([{ name: 'UID' }, { name: 'FLAGS' }]);
const notify = (c: Cursor) => {
  c.skip(-1);
  return notifyArgs(c, items);
};

function shown(input: string): string {
  const args = parseAll(input, notify);
  if (args === undefined) return 'none';
  const { wantsStatus, selected, groups, hasUnknown } = args;
  const open =
    selected === undefined
      ? []
      : [
          `${selected.isDelayed ? 'delayed' : 'selected'}: ${[...selected.events]} [${selected.items.map(({ item }) => item.name)}]`,
        ];
  const others = groups.map(({ filter, events }) => {
    const names = 'names' in filter ? ` ${filter.names}` : '';
    return `${filter.kind}${names}: ${[...events]}`;
  });
  return [wantsStatus ? 'status' : 'set', ...open, ...others, ...(hasUnknown ? ['unknown'] : [])].join('; ');
}

const ACCEPTED: readonly (readonly [string, string])[] = [
  ['NONE', 'none'],
  ['set (SELECTED none)', 'set; selected:  []'],
  [
    'SET STATUS (Selected-Delayed (messagenew (uid FLAGS) MESSAGEEXPUNGE FlagChange))',
    'status; delayed: MessageNew,MessageExpunge,FlagChange [UID,FLAGS]',
  ],
  [
    'SET (personal (MailboxName)) (mailboxes (a "b c") (MessageNew MessageExpunge)) (subtree inbox NONE)',
    'set; personal: MailboxName; mailboxes a,b c: MessageNew,MessageExpunge; subtree INBOX: ',
  ],
  ['SET (subscribed (SubscriptionChange some!thing))', 'set; subscribed: SubscriptionChange; unknown'],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['', 'BAD Expected SET at the end of the command'],
  ['SET', 'BAD Expected a space at the end of the command'],
  ['SET STATUS', 'BAD Expected a space at the end of the command'],
  ['SET (everything NONE)', 'BAD Unknown choice of mailboxes everything'],
  ['SET (personal ())', 'BAD Expected a list that is not empty instead of ( at octet 19 of the command'],
  ['SET (personal (MessageNew))', 'BAD MessageNew and MessageExpunge belong together'],
  ['SET (personal (FlagChange))', 'BAD FlagChange and AnnotationChange need MessageNew and MessageExpunge'],
  ['SET (selected (MailboxName))', 'BAD MailboxName is no event of the selected mailbox'],
  ['SET (selected NONE) (selected-delayed NONE)', 'BAD The selected mailbox is named twice'],
  [
    'SET (personal (MessageNew (UID) MessageExpunge))',
    'BAD Only of the selected mailbox messages can be fetched',
  ],
  [`SET${' (personal NONE)'.repeat(101)}`, 'NO [NOTIFICATIONOVERFLOW] Too many groups of events'],
  [`SET (mailboxes (a${' a'.repeat(1000)}) NONE)`, 'NO [NOTIFICATIONOVERFLOW] Too many names of mailboxes'],
];

describe('NOTIFY (RFC 5465 §8)', () => {
  for (const [input, expected] of ACCEPTED) it(`takes ${input}`, () => assert.equal(shown(input), expected));
  for (const [input, message] of REFUSED)
    it(`refuses ${input.slice(0, 40)}`, () => assert.equal(faultOf(input, notify), message));
});
