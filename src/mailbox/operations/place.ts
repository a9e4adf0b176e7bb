/**
 * Where emails are and what they are marked with, changed as JMAP changes it (RFC 8621 §4.6): by email, whichever mailboxes have it.
 * One mailbox that it leaves and one that it joins is a MOVE of the message; joining alone is a COPY, leaving alone an expunge. Marks
 * are compared copy by copy, so that what copies differ in is not overlooked.
 *
 * First everything that is asked for is judged, and what is refused has changed nothing; then `carryOut` makes it one change, grouped
 * by mailbox, so that many emails cost little more than one. Messages with \Deleted are not there for JMAP (RFC 8621 §4.1.1), so they stay
 * as they are, but where their email is destroyed.
 */
import { FLAG } from '../../mail/flags.ts';
import type { AccountChange, Origin } from '../change/account-change.ts';
import type { SeenAlong } from '../change/share-changes.ts';
import type { Domain } from '../domain.ts';
import { changedFlagNames, type MailboxEvent } from '../mailbox-events.ts';
import { MailboxError } from '../model/errors.ts';
import type { MailboxId } from '../model/model.ts';
import { recordAt } from '../model/record.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';
import type { Place } from '../state/placements.ts';
import { type LaterVersions, NO_VERSIONS } from './draft-versions.ts';
import {
  type Copy,
  type Marked,
  type MarksPatch,
  markedByVisitor,
  markedIn,
  patched,
  type SetPatch,
} from './email-marks.ts';
import { noteLessons } from './lessons.ts';
import { checkCopyQuota } from './quota.ts';
import { discreet, type Place as Visited, type VisitOf } from './visiting.ts';

export interface EmailUpdate {
  /** Its number in the account. */
  readonly email: number;
  readonly mailboxes?: SetPatch<MailboxId>;
  readonly marks?: MarksPatch;
  /** Where a mailbox has no room for all of them; when absent, it is refused. */
  readonly keywords?: 'as many as fit';
}

/** Why one email is left as it is; nothing of what was asked for it was done. */
export type EmailRefusal =
  | { readonly why: 'not-found' }
  /** These are none, or it would be in none. */
  | { readonly why: 'mailboxes'; readonly unknown: readonly MailboxId[] }
  | { readonly why: 'keywords'; readonly error: MailboxError }
  | { readonly why: 'refused'; readonly error: MailboxError };

/** A message that some operation of a turn does not have in memory: whoever asked loads it and asks again. */
export class NotLoaded extends MailboxError {
  constructor() {
    super('unavailable', 'the messages were unloaded; try again');
  }
}

type Marking = Pick<EmailUpdate, 'marks' | 'keywords'>;

interface Transfer extends Copy, Marked {
  readonly target: MailboxState;
}

export class Placing {
  readonly #domain: Pick<Domain, 'limits' | 'learns' | 'events'>;
  readonly #change: AccountChange;
  readonly #marked: (Copy & Marked)[] = [];
  readonly #moved: Transfer[] = [];
  readonly #copied: Transfer[] = [];
  readonly #removed: Copy[] = [];
  /** They are elsewhere, or there is a newer one. */
  readonly #superseded: Copy[] = [];
  /** Emails of which something is planned: rows that were chosen for one plan are none for another. */
  readonly #planned = new Set<number>();
  readonly #events: MailboxEvent[] = [];
  readonly #visitOf: VisitOf | undefined;
  #copiedBytes = 0;

  /** `visitOf`: of whoever is there by leave. Throws `NotLoaded` when it is not known where emails are. */
  constructor(
    domain: Pick<Domain, 'limits' | 'learns' | 'events'>,
    change: AccountChange,
    visitOf?: VisitOf | undefined,
  ) {
    if (change.account.placements?.isWhole !== true) throw new NotLoaded();
    this.#domain = domain;
    this.#change = change;
    this.#visitOf = visitOf;
  }

  /** Undefined when it will be done. Throws `NotLoaded`. */
  update({ email, mailboxes, ...marking }: EmailUpdate): EmailRefusal | undefined {
    if (this.#planned.has(email))
      return { why: 'refused', error: new MailboxError('cannot', 'it is changed twice at once') };
    const visible = this.#copiesOf(email).filter(({ record }) => (record.flags & FLAG.Deleted) === 0);
    if (visible.length === 0) return { why: 'not-found' };
    const is = new Set(visible.map(({ mailbox }) => mailbox.id));
    const wanted = mailboxes === undefined ? is : patched(is, mailboxes);
    const unknown = [...wanted].filter(
      (id) => !isShown(this.#change.account.mailboxes.get(id), this.#visitOf),
    );
    if (unknown.length > 0 || wanted.size === 0) return { why: 'mailboxes', unknown };
    const joined = [...wanted].filter((id) => !is.has(id)).map((id) => this.#mailbox(id));
    const staying = visible.filter(({ mailbox }) => wanted.has(mailbox.id));
    const leaving = visible.filter(({ mailbox }) => !wanted.has(mailbox.id));
    try {
      for (const { mailbox } of leaving) this.#requireRemoval(mailbox);
      for (const mailbox of joined) this.#visitOf?.(mailbox).require('i');
      this.#plan({ staying, leaving, joined }, marking);
      this.#planned.add(email);
      return undefined;
    } catch (error) {
      if (!(error instanceof MailboxError) || error instanceof NotLoaded) throw error;
      const why = error.code === 'limit' ? 'keywords' : 'refused';
      return { why, error: this.#visitOf === undefined ? error : discreet(error) };
    }
  }

  /** The octets and messages that it frees; undefined when there is no such email. Throws `NotLoaded`, and `NotPermitted` of a visitor. */
  destroy(email: number): { readonly bytes: number; readonly messages: number } | undefined {
    const copies = this.#copiesOf(email);
    const isGone = copies.every(({ record }) => (record.flags & FLAG.Deleted) !== 0);
    if (isGone || this.#planned.has(email)) return undefined;
    for (const { mailbox } of copies) this.#requireRemoval(mailbox);
    this.#planned.add(email);
    this.#removed.push(...copies);
    return { bytes: copies.reduce((sum, { record }) => sum + record.size, 0), messages: copies.length };
  }

  /**
   * All of it, once. Drafts that were saved anew, in this change or before it, go for good. Gives what is to be told of it when it is
   * durable, as of programs that speak IMAP.
   */
  carryOut({
    areDraftsSaved = false,
    later = NO_VERSIONS,
  }: {
    readonly areDraftsSaved?: boolean;
    readonly later?: LaterVersions;
  } = {}): readonly MailboxEvent[] {
    this.#setMarks();
    // From where they are: afterwards some are elsewhere.
    this.#change.retain(this.#copied.map(({ record }) => record.email));
    const along = (all: readonly Transfer[]) =>
      all.map((one) => ({ ...one, along: this.#seenAlong(one.target, one) }));
    const moved = along(this.#moved);
    this.#add(along(this.#copied), 'copied');
    for (const [source, transfers] of grouped(this.#moved, ({ mailbox }) => mailbox)) {
      this.#change.takeForMove(source, rowsOf(source, transfers));
    }
    this.#add(moved, 'moved');
    const isOld = (copy: Copy): boolean =>
      (areDraftsSaved && (copy.record.flags & FLAG.Draft) !== 0) || this.#isSavedAnew(copy, later);
    this.#expunge([...this.#superseded, ...this.#removed.filter(isOld)], 'superseded');
    this.#expunge(
      this.#removed.filter((copy) => !isOld(copy)),
      'deleted',
    );
    return this.#events;
  }

  /** RFC 8621 §2, `mayRemoveItems`; the same as for a MOVE (RFC 6851 §3.3). */
  #requireRemoval(mailbox: MailboxState): void {
    const visited = this.#visitOf?.(mailbox);
    visited?.require('t');
    visited?.require('e');
  }

  #isSavedAnew({ mailbox: { id, role }, record }: Copy, later: LaterVersions): boolean {
    if (role !== 'drafts') return false;
    const isThere = ({ mailbox, isHidden }: Place): boolean => mailbox === id && !isHidden;
    const stays = (email: number): boolean =>
      !this.#planned.has(email) && this.#change.account.placements?.placesOf(email).some(isThere) === true;
    return later.get(record.email)?.some(stays) === true;
  }

  #expunge(all: readonly Copy[], fate: 'deleted' | 'superseded'): void {
    for (const [mailbox, copies] of grouped(all, (one) => one.mailbox))
      this.#change.expunge(mailbox, rowsOf(mailbox, copies), fate);
  }

  #areWanted({ id }: MailboxState): boolean {
    return this.#domain.events.areWanted(this.#change.account, id);
  }

  #plan(
    {
      staying,
      leaving,
      joined,
    }: {
      readonly staying: readonly Copy[];
      readonly leaving: readonly Copy[];
      readonly joined: readonly MailboxState[];
    },
    marking: Marking,
  ): void {
    // Whoever does not stay goes where there is room, the others are copies of one that is there.
    const moved = joined
      .slice(0, leaving.length)
      .map((target, i) => this.#transfer(leaving[i] as Copy, target, marking));
    const source = staying[0] ?? (leaving[0] as Copy);
    const copied = joined.slice(leaving.length).map((target) => this.#transfer(source, target, marking));
    const marked =
      marking.marks === undefined
        ? []
        : staying.map((copy) => ({ ...copy, ...this.#markedIn(copy, copy.mailbox, marking) }));
    this.#checkRoom(copied);
    this.#moved.push(...moved);
    this.#copied.push(...copied);
    this.#marked.push(...marked.filter((one) => isOther(one)));
    this.#superseded.push(...leaving.slice(joined.length));
  }

  #checkRoom(copied: readonly Transfer[]): void {
    let bytes = this.#copiedBytes;
    copied.forEach(({ mailbox, target, record }, i) => {
      bytes += record.size;
      checkCopyQuota(this.#change.account, mailbox, target, bytes, this.#copied.length + i + 1);
    });
    this.#copiedBytes = bytes;
  }

  #transfer(copy: Copy, target: MailboxState, marking: Marking): Transfer {
    return { ...copy, target, ...this.#markedIn(copy, target, marking) };
  }

  #markedIn(copy: Copy, target: MailboxState, { marks, keywords }: Marking): Marked {
    const visited = this.#visitOf?.(target);
    const sets = { keywords: this.#change.keywords, limits: this.#domain.limits };
    if (visited === undefined)
      return markedIn(copy, target, { marks, takesMost: keywords !== undefined }, sets);
    const source = this.#visitOf?.(copy.mailbox) ?? visited;
    return markedByVisitor(copy, { source, target: visited }, marks, sets);
  }

  #setMarks(): void {
    for (const [mailbox, all] of grouped(this.#marked, (one) => one.mailbox)) {
      const list = listOf(mailbox);
      const ordered = all.sort((a, b) => a.record.uid - b.record.uid);
      this.#change.setFlags(mailbox, {
        rows: ordered.map(({ record }) => list.indexOf(record.uid)),
        flags: ordered.map(({ flags }) => flags),
        keywordSets: ordered.map(({ keywordSet }) => keywordSet),
      });
      this.#noteSeen(
        mailbox,
        ordered.map(({ record, isSeen }) => ({ uid: record.uid, isSeen })),
      );
      if (!this.#areWanted(mailbox)) continue;
      const namesOf = (set: number): readonly string[] => mailbox.keywords.namesOf(set);
      this.#events.push({
        ...{ mailbox: mailbox.id, cause: 'FLAG', uids: ordered.map(({ record }) => record.uid) },
        changedFlags: ordered.map(({ record, flags, keywordSet }) =>
          changedFlagNames(record.flags ^ flags, namesOf(record.keywordSet), namesOf(keywordSet)),
        ),
      });
    }
  }

  /** What the visitor wants to have seen. */
  #noteSeen(
    mailbox: MailboxState,
    messages: readonly { readonly uid: number; readonly isSeen: boolean | undefined }[],
  ): void {
    const reader = this.#visitOf?.(mailbox).reader;
    if (reader === undefined) return;
    for (const wanted of [true, false]) {
      const uids = messages.filter(({ isSeen }) => isSeen === wanted).map(({ uid }) => uid);
      if (uids.length > 0) this.#change.shares.setSeen(mailbox.id, reader.id, uids, wanted);
    }
  }

  /** What others have seen of them goes along; asked before they leave. */
  #seenAlong(target: MailboxState, { mailbox, record }: Copy): SeenAlong {
    const unseenBy = this.#visitOf?.(target).kept?.unseenBy;
    const along = this.#change.shares.seenIn(mailbox.id, target.id, [record.uid]);
    return along.filter(({ reader }) => reader !== unseenBy);
  }

  #add(transfers: readonly (Transfer & { readonly along: SeenAlong })[], origin: Origin): void {
    const saveDate = Math.floor(this.#change.nowMs / 1000);
    for (const [target, all] of grouped(transfers, (one) => one.target)) {
      const arrivals = all.map(({ record, flags, keywordSet }) => ({
        ...record,
        flags,
        keywordSet,
        saveDate,
      }));
      const uids = this.#change.addMessages(target, arrivals, origin);
      for (const [i, { along }] of all.entries())
        this.#change.shares.seenAgain(target.id, [uids[i] as number], along);
      this.#noteSeen(
        target,
        all.map(({ isSeen }, i) => ({ uid: uids[i] as number, isSeen })),
      );
      if (this.#areWanted(target)) this.#events.push({ mailbox: target.id, cause: 'COPY', uids });
      for (const { mailbox: source, record } of all)
        noteLessons(this.#domain, this.#change, { source, target }, [record.email]);
    }
  }

  /** Those that whoever acts may know of. */
  #copiesOf(email: number): readonly Copy[] {
    const places = this.#change.account.placements?.placesOf(email) ?? [];
    return places.flatMap(({ mailbox: id, uid }) => {
      const mailbox = this.#mailbox(id);
      if (this.#visitOf !== undefined && !isRead(this.#visitOf(mailbox))) return [];
      const list = listOf(mailbox);
      return { mailbox, record: recordAt(list.columns, list.indexOf(uid)) };
    });
  }

  /** Messages can be added to it, or taken out. */
  #mailbox(id: MailboxId): MailboxState {
    const mailbox = this.#change.account.mailboxes.get(id);
    if (
      mailbox === undefined ||
      (mailbox.list === undefined && mailbox.tail === undefined && mailbox.uidNext > 1)
    )
      throw new NotLoaded();
    return mailbox;
  }
}

/** Whether whoever acts may know of the mailbox. */
export function isShown(
  mailbox: MailboxState | undefined,
  visitOf: VisitOf | undefined,
): mailbox is MailboxState {
  return mailbox !== undefined && (visitOf === undefined || visitOf(mailbox).may('l'));
}

function isRead(visited: Visited): boolean {
  return visited.may('l') && visited.may('r');
}

function isOther({ record, flags, keywordSet, isSeen }: Copy & Marked): boolean {
  return record.flags !== flags || record.keywordSet !== keywordSet || isSeen !== undefined;
}

function listOf({ list }: MailboxState): MessageList {
  if (list === undefined) throw new NotLoaded();
  return list;
}

/** Ascending. */
function rowsOf(mailbox: MailboxState, copies: readonly Copy[]): number[] {
  const list = listOf(mailbox);
  return copies.map(({ record }) => list.indexOf(record.uid)).sort((a, b) => a - b);
}

function grouped<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
