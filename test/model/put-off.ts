/** What the changes of mail that is put off must do to an account (`operations/snooze.ts`), as `semantics.ts` says it of all others. */
import assert from 'node:assert/strict';
import { FLAG } from '../../src/mail/flags.ts';
import type { MailboxId } from '../../src/mailbox/model/model.ts';
import { snoozesIn } from '../../src/mailbox/operations/snooze.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import {
  type Content,
  type ModelAccount,
  type ModelMessage,
  type ModelSnooze,
  Refused,
} from './account-model.ts';
import { create, folded, keywordsAt, modseqAt, type Seen, type Semantic, seenOf } from './semantics.ts';

export const SNOOZED = 'Snoozed';

type Marks = Pick<ModelMessage, 'flags' | 'keywords'>;

/** The mailbox for it, wherever it was renamed to. */
export function placeFor(account: AccountState): MailboxId | undefined {
  return [...account.mailboxes.values()].find(({ role }) => role === 'snoozed')?.id;
}

export function makePlace(mostMailboxes: number): Semantic {
  return (model, seen) => {
    // Another has the role, whatever it is called.
    if (seen.isThrown) throw new Refused(['exists', 'cannot', 'limit', 'over-quota']);
    create(SNOOZED, mostMailboxes)(model, seen);
  };
}

export interface PuttingOff {
  readonly content: Content;
  readonly email: number;
  readonly untilMs: number;
}

export function putOff(asked: () => PuttingOff | undefined): Semantic {
  return (model, seen) => {
    const wanted = asked();
    assert.ok(wanted !== undefined, 'a change before it was asked for');
    if (seen.isThrown) throw new Refused(['unavailable', 'nonexistent']);
    const { content } = wanted;
    const place = placeFor(seen.account);
    assert.ok(place !== undefined, 'mail was put off, and there is no place for it');
    const is = [...new Set(model.placesOf(content).map(({ id }) => id))];
    const same = [...model.snoozes].filter(([, one]) => one.content === content);
    const known = is.includes(place) ? same[0]?.[1].from : undefined;
    put(model, seen, { ...wanted, targets: [place] }, (marks) => without(marks, '$new'));
    for (const [id] of same) model.putOff(id, undefined);
    const from = known ?? is.filter((id) => id !== place);
    model.putOff(seen.value as number, { ...wanted, from });
  };
}

export function takeBack(id: number): Semantic {
  return (model, seen) => {
    const { account } = seen;
    const known = model.snoozes.get(id);
    const isWaiting = known !== undefined && isIn(model, known.content, placeFor(account));
    // There may be no room for what it is to be in, or that is gone meanwhile; put off anew, it is tried again.
    if (seen.isThrown) throw new Refused(['unavailable', 'nonexistent', 'over-quota', 'conflict']);
    assert.ok(isWaiting, `${known?.content.id}, put off as ${id}, was taken back and did not wait`);
    const there = known.from.filter((one) => model.mailboxes.has(one));
    const inbox = model.byName('INBOX')?.id as MailboxId;
    const targets = there.length > 0 ? there : [inbox];
    put(model, seen, { ...known, targets }, (marks) => marks);
    model.putOff(id, undefined);
  };
}

/** What is due: what waits comes into INBOX, unread and new, and what does not is forgotten. */
export const wake: Semantic = (model, seen) => {
  const { account } = seen;
  if (seen.isThrown) throw new Refused(['unavailable', 'conflict', 'nonexistent']);
  const left = new Set(snoozesIn(account.belongings?.values() ?? []).map(({ row }) => row.id));
  const ended = [...model.snoozes].filter(([id]) => !left.has(id));
  const place = placeFor(account);
  const inbox = model.byName('INBOX')?.id as MailboxId;
  const come: ModelSnooze[] = [];
  for (const [id, one] of ended) {
    assert.ok(one.untilMs <= model.nowMs, `${one.content.id} was woken and is not due`);
    if (isIn(model, one.content, place)) come.push(one);
    model.putOff(id, undefined);
  }
  // In the order in which they have come.
  const uidOf = ({ email, content }: ModelSnooze): number =>
    newUidOf(model, account, { email, content }, inbox);
  for (const one of come.sort((a, b) => uidOf(a) - uidOf(b)))
    put(model, seen, { ...one, targets: [inbox] }, (marks) => {
      const { flags, keywords } = without(marks, '');
      return {
        flags: flags & ~FLAG.Seen,
        keywords: folded([...keywords.split(' '), '$new'].filter(Boolean)),
      };
    });
};

function isIn(model: ModelAccount, content: Content, place: MailboxId | undefined): boolean {
  return model.placesOf(content).some(({ id }) => id === place);
}

function without({ flags, keywords }: Marks, keyword: string): Marks {
  return { flags, keywords: folded(keywords.split(' ').filter((one) => one !== keyword && one !== '')) };
}

interface Putting extends Pick<PuttingOff, 'content' | 'email'> {
  readonly targets: readonly MailboxId[];
}

/** An email is in these mailboxes and in no others; what is marked anew is marked copy by copy. */
function put(
  model: ModelAccount,
  { account }: Seen,
  { content, email, targets }: Putting,
  marked: (marks: Marks) => Marks,
): void {
  const visible = model.placesOf(content);
  assert.ok(visible.length > 0, `${content.id} was put elsewhere and was nowhere`);
  const joined = targets.filter((target) => !visible.some(({ id }) => id === target));
  for (const { id, message } of visible) {
    if (!targets.includes(id)) {
      model.remove(id, [message.uid]);
      continue;
    }
    const is = marked(message);
    if (is.flags === message.flags && is.keywords === message.keywords) continue;
    const modseq = modseqAt(account, id, message.uid);
    model.edit(id).messages.set(message.uid, { ...message, ...is, modseq });
  }
  for (const target of joined) {
    const uid = newUidOf(model, account, { email, content }, target);
    assert.equal(uid, model.find(target)?.uidNext, `${content.id} is the next in mailbox ${target}`);
    const state = account.mailboxes.get(target);
    const list = state?.list ?? state?.tail;
    const flags = list?.columns.flags[list.indexOf(uid)] as number;
    const keywords = state === undefined ? '' : folded(keywordsAt(state, uid));
    const isOfOne = visible.some(({ message }) => {
      const is = marked(message);
      return is.flags === flags && is.keywords === keywords;
    });
    assert.ok(isOfOne, `${content.id} came with ${flags} ${keywords}, as no copy of it was marked`);
    const seenBy = seenOf(model, account, { target, uid }, visible);
    model.add(target, [{ content, flags, keywords, ...seenBy }], modseqAt(account, target, uid));
  }
}

/** Of the message that has come; 0 when none has. */
function newUidOf(
  model: ModelAccount,
  { mailboxes }: AccountState,
  { email, content }: Pick<PuttingOff, 'content' | 'email'>,
  target: MailboxId,
): number {
  const state = mailboxes.get(target);
  const list = state?.list ?? state?.tail;
  const from = model.find(target)?.uidNext ?? 0;
  assert.ok(list !== undefined, `${content.id} is to be in mailbox ${target}, of which nothing is known`);
  for (let row = list.count - 1; row >= 0 && (list.columns.uid[row] as number) >= from; row--)
    if (list.columns.email[row] === email) return list.columns.uid[row] as number;
  return 0;
}
