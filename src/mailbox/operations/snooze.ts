/**
 * Mail that is put off: it lies in the mailbox for it until its time, and comes back into INBOX by itself, as new mail (RFC 9979: the role
 * `snoozed`, the keyword `$new`). Its time stands beside the mail as what belongs to the account, and is written in the same change as
 * the move: there is no moment in which it lies there and nobody knows until when.
 *
 * Two at once: whoever takes it out of that mailbox, on whichever device, has it; its time means nothing then, and goes when it comes.
 */
import { FLAG } from '../../mail/flags.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import type { BelongingRow } from '../model/belongings.ts';
import { MailboxError } from '../model/errors.ts';
import type { MailboxId, Role } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadBelongings } from '../state/belongings.ts';
import { loadPlaces } from '../state/load-places.ts';
import { alongsideUpdates, StateMoved } from './change-emails.ts';
import type { MarksPatch } from './email-marks.ts';
import { type EmailRefusal, type EmailUpdate, NotLoaded } from './place.ts';

const KIND = 'snooze';
/** Of an account, changed together; others have their turn in between. */
export const WOKEN_AT_ONCE = 100;
const NEW = '$new';
const NO_MARKS = Object.freeze({ flags: 0, keywords: [] });
const NOT_NEW: MarksPatch = { adds: NO_MARKS, removes: { flags: 0, keywords: [NEW] } };
const AS_NEW: MarksPatch = {
  adds: { flags: 0, keywords: [NEW] },
  removes: { flags: FLAG.Seen, keywords: [] },
};
const UNREAD: MarksPatch = { adds: NO_MARKS, removes: { flags: FLAG.Seen, keywords: [] } };

interface Value {
  /** Its number in the account. */
  readonly email: number;
  readonly untilMs: number;
  /** Where it lay. */
  readonly from: readonly MailboxId[];
}

export interface Snooze extends Value {
  readonly row: BelongingRow;
}

/** Of these rows, whether or not the mail still waits. */
export function snoozesIn(rows: Iterable<BelongingRow>): readonly Snooze[] {
  const all: Snooze[] = [];
  for (const row of rows)
    if (row.kind === KIND && row.value !== undefined)
      all.push({ row, ...(JSON.parse(row.value.toString()) as Value) });
  return all;
}

/** Those whose mail lies where it waits. What is needed of the account is loaded (`loadForSnoozes`), without a wait since. */
export function waitingSnoozes(account: AccountState): readonly Snooze[] {
  const place = mailboxFor(account, 'snoozed');
  if (place === undefined) return [];
  return snoozesOf(account).filter(({ email }) => placesOf(account, email).includes(place));
}

export async function loadForSnoozes(domain: Domain, account: AccountState): Promise<void> {
  await Promise.all([loadBelongings(domain, account), loadPlaces(domain, account)]);
}

/**
 * Until then. What was put off before has the new time, and is remembered where it lay at first. Gives its number. Throws MailboxError
 * `nonexistent` when there is no such email, `cannot` when there is no mailbox with that role, `limit`.
 */
export async function snoozeEmail(
  domain: Domain,
  account: AccountState,
  email: number,
  untilMs: number,
): Promise<number> {
  await loadForSnoozes(domain, account);
  const place = mailboxFor(account, 'snoozed');
  if (place === undefined) throw new MailboxError('cannot', 'there is no mailbox with the role "snoozed"');
  const update = moved(email, place, NOT_NEW);
  const id = await alongsideUpdates(domain, account, [update], (change, carryOut) => {
    const [known, ...others] = snoozesOf(account).filter((other) => other.email === email);
    const is = placesOf(account, email);
    throwRefusal(carryOut());
    const from = (is.includes(place) ? known?.from : undefined) ?? is.filter((other) => other !== place);
    const value = Buffer.from(JSON.stringify({ email, untilMs, from } satisfies Value));
    if (known !== undefined) change.belongings.replace(known.row.id, value);
    for (const { row } of others) change.belongings.drop(row.id);
    return known?.row.id ?? change.belongings.add(KIND, value);
  });
  domain.alarms.set(account.id, untilMs);
  return id;
}

/** Back where it lay, or into INBOX when none of that is left. Throws MailboxError `nonexistent`. */
export async function takeBackSnooze(domain: Domain, account: AccountState, id: number): Promise<void> {
  for (;;) {
    await loadForSnoozes(domain, account);
    const snooze = waitingSnoozes(account).find(({ row }) => row.id === id);
    if (snooze === undefined) throw new MailboxError('nonexistent', 'nothing of that number is put off');
    try {
      return await takeBack(domain, account, snooze);
    } catch (error) {
      if (!(error instanceof StateMoved)) throw error;
    }
  }
}

/** Throws `StateMoved` when it was put off anew since, from elsewhere perhaps. */
async function takeBack(domain: Domain, account: AccountState, { row, email, from }: Snooze): Promise<void> {
  const there = from.filter((mailbox) => account.mailboxes.has(mailbox));
  const inbox = mailboxFor(account, 'inbox');
  const wanted = there.length > 0 || inbox === undefined ? there : [inbox];
  const update = { email, mailboxes: setOf(wanted) };
  await alongsideUpdates(domain, account, [update], (change, carryOut) => {
    if (!arePlacesKnown(account)) throw new NotLoaded();
    const now = waitingSnoozes(account).find((one) => one.row.id === row.id);
    // It came back, or went elsewhere, meanwhile.
    if (now === undefined) throw new MailboxError('nonexistent', 'nothing of that number is put off');
    if (now.row !== row) throw new StateMoved();
    throwRefusal(carryOut());
    change.belongings.drop(row.id);
  });
}

/**
 * These are due: mail that still waits comes back, and none of them is remembered any more but those that it gives, whose mail could not
 * come. Throws `StateMoved` when one went meanwhile, or where mail lies was forgotten.
 */
export async function wakeSnoozes(
  domain: Domain,
  account: AccountState,
  due: readonly Snooze[],
): Promise<readonly Snooze[]> {
  await loadForSnoozes(domain, account);
  const inbox = mailboxFor(account, 'inbox');
  const waiting = (): ReadonlySet<BelongingRow> => {
    // Of mail that lies nobody knows where none would wait.
    if (!arePlacesKnown(account)) throw new StateMoved();
    return new Set(waitingSnoozes(account).map(({ row }) => row));
  };
  const now = waiting();
  const back = due.filter(({ row }) => now.has(row));
  const isThere = ({ row }: Snooze): boolean => account.belongings?.get(row.id) === row;
  const wake = async (
    some: readonly Snooze[],
    asked: Pick<EmailUpdate, 'marks' | 'keywords'>,
  ): Promise<readonly Snooze[]> => {
    if (some.length === 0 || inbox === undefined) return [];
    const updates = some.map(({ email }) => ({ email, mailboxes: setOf([inbox]), ...asked }));
    const refused = await alongsideUpdates(domain, account, updates, (change, carryOut) => {
      // What somebody has put elsewhere in the same moment stays there.
      const still = waiting();
      if (!some.every(({ row }) => still.has(row))) throw new StateMoved();
      const refusals = carryOut();
      for (const [at, { row }] of some.entries())
        if (refusals[at] === undefined) change.belongings.drop(row.id);
      return refusals;
    });
    return some.filter((_, at) => refused[at]?.why === 'keywords');
  };
  // Where there is no room for a keyword more, its own or that, it comes all the same.
  await wake(await wake(back, { marks: AS_NEW }), { marks: UNREAD, keywords: 'as many as fit' });
  if (!due.some(isThere)) return [];
  return domain.turns.run({
    account,
    run: (change) => {
      const still = waiting();
      const left = due.filter(isThere);
      for (const { row } of left) if (!still.has(row)) change.belongings.drop(row.id);
      return left.filter(({ row }) => still.has(row));
    },
  });
}

/**
 * These emails come back into the mailbox for mail that is put off. Those of which nobody knows any more until when, for their time came while they
 * were deleted, are due now: else they would lie there for ever. What belongs to the account is loaded; `domain.alarms` is to be
 * set when this is durable. Throws MailboxError `limit`.
 */
export function makeDue(change: AccountChange, emails: Iterable<number>): void {
  const known = new Set(snoozesOf(change.account).map(({ email }) => email));
  for (const email of emails) {
    if (known.has(email)) continue;
    const value: Value = { email, untilMs: change.nowMs, from: [] };
    change.belongings.add(KIND, Buffer.from(JSON.stringify(value)));
    known.add(email);
  }
}

function throwRefusal([refusal]: readonly (EmailRefusal | undefined)[]): void {
  if (refusal !== undefined) throw errorOf(refusal);
}

function errorOf(refusal: EmailRefusal): MailboxError {
  if (refusal.why === 'keywords' || refusal.why === 'refused') return refusal.error;
  return new MailboxError('nonexistent', 'there is no such email, or no such mailbox');
}

function moved(email: number, to: MailboxId, marks: MarksPatch): EmailUpdate {
  return { email, mailboxes: setOf([to]), marks };
}

function setOf(mailboxes: readonly MailboxId[]) {
  return { whole: new Set(mailboxes), adds: new Set<MailboxId>(), removes: new Set<MailboxId>() };
}

function snoozesOf({ belongings }: AccountState): readonly Snooze[] {
  return snoozesIn(belongings?.values() ?? []);
}

function placesOf({ placements }: AccountState, email: number): MailboxId[] {
  const places = placements?.placesOf(email) ?? [];
  return places.filter(({ isHidden }) => !isHidden).map(({ mailbox }) => mailbox);
}

/** Nobody has dropped them since they were loaded. */
function arePlacesKnown({ placements }: AccountState): boolean {
  return placements?.isWhole === true;
}

function mailboxFor(account: AccountState, role: Role | 'inbox'): MailboxId | undefined {
  const isOne = role === 'inbox' ? ({ name }: { name: string }) => name === 'INBOX' : undefined;
  return [...account.mailboxes.values()].find((one) => isOne?.(one) ?? one.role === role)?.id;
}
