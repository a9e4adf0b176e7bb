/**
 * What a client has asked to be told of all its mailboxes (RFC 5465): of the one that is open by the responses it knows
 * (`updates.ts`), of the others by STATUS, LIST and METADATA. Its own changes are no news to it.
 *
 * While it watches other mailboxes it follows the account, whose log says what has happened. A log that does not reach back any
 * more is made up for by a look at every mailbox; only names cannot be found so, and a client that wants them is told that
 * its notifications are over (§5.8). Where nobody watches, nothing of this is there.
 */
import { isOfOthers, parentName } from '../mail/mailbox-name.ts';
import { NO_MAILBOX } from '../mailbox/model/annotations.ts';
import type { MailboxId } from '../mailbox/model/model.ts';
import type { Place } from '../mailbox/operations/visiting.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type {
  AnnotationChange,
  Change,
  MailboxChange,
  MailboxFace,
  OrphanChange,
} from '../mailbox/state/change-log.ts';
import { Follower } from '../mailbox/state/follower.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { SessionContext } from './context.ts';
import { attributesOf, type ListExtras, listedOf, writeList } from './listing.ts';
import { type Filtered, matcherOf } from './mailbox-filter.ts';
import { writeNotifiedStatus } from './notified-status.ts';
import { OthersWatch } from './others-watch.ts';
import { meansOthers, othersMatcher } from './places.ts';
import { Renames } from './renames.ts';
import { writeStatus } from './replies.ts';
import type { EventGroup, NotifyEvent } from './wire/notify-args.ts';
import type { Watched, WatchedSelected, Watching } from './wishes.ts';

/** Who is told. */
type Teller = Pick<SessionContext, 'out' | 'modes' | 'author' | 'breathe' | 'viewerEvents' | 'reach'>;

const OF_NAMES: readonly NotifyEvent[] = [
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
];

export class Watch implements Watching {
  readonly selected: WatchedSelected;
  readonly #session: Teller;
  readonly #account: AccountState;
  readonly #groups: readonly {
    readonly matches: (one: Filtered) => boolean;
    readonly events: EventGroup['events'];
  }[];
  readonly #follower: Follower | undefined;
  /** Of those who share something that is wanted. */
  #others: OthersWatch[] = [];

  /** Until `close`. */
  constructor(session: Teller, account: AccountState, wanted: Watched) {
    this.#session = session;
    this.#account = account;
    this.selected = wanted.selected;
    this.#groups = wanted.groups
      .filter((group) => group.events.size > 0)
      .map(({ filter, events }) => ({ matches: matcherOf(filter), events }));
    if (this.#groups.length > 0) this.#follower = new Follower(account, session.viewerEvents);
  }

  /** Of a watch that has just begun. */
  async beginOthers({ groups }: Watched): Promise<void> {
    const session = this.#session;
    const wanted = groups.filter(
      ({ filter, events }) => events.size > 0 && meansOthers(session.reach, filter),
    );
    if (wanted.length === 0) return;
    const matches = wanted.map(({ filter, events }) => {
      return { isMeant: othersMatcher(session.reach, [filter]), events };
    });
    const wants = (name: string, event: NotifyEvent): boolean =>
      matches.some(({ isMeant, events }) => events.has(event) && isMeant(name));
    const owners = await session.reach.owners();
    this.#others = owners.map((owner) => new OthersWatch(session, owner, wants));
  }

  /** Its account is closed, or is read anew: there is nobody to hear of. */
  ownerGone(account: AccountState): void {
    const [gone, others] = [
      this.#others.filter((one) => one.account === account),
      this.#others.filter((one) => one.account !== account),
    ];
    this.#others = others;
    for (const one of gone) one.close();
  }

  get hasNews(): boolean {
    if (this.#others.some((one) => one.hasNews)) return true;
    return this.#follower !== undefined && this.#follower.readModseq !== this.#account.modseq;
  }

  close(): void {
    this.#follower?.close();
    for (const one of this.#others) one.close();
    this.#others = [];
  }

  wants(mailbox: Filtered, event: NotifyEvent): boolean {
    return this.#groups.some(({ matches, events }) => events.has(event) && matches(mailbox));
  }

  /** Whether anything of its messages is to be told while it is not open. */
  wantsMessages(mailbox: Filtered): boolean {
    return this.wants(mailbox, 'MessageNew');
  }

  /** Writes what has happened outside the open mailbox. False when that is not known any more, and the watch must end. */
  async tell(open: MailboxState | undefined): Promise<boolean> {
    for (const one of this.#others) await one.tell(open);
    if (this.#follower === undefined || !this.hasNews) return true;
    const follower = this.#follower;
    const since = follower.readModseq;
    const changes = this.#account.log.after(since);
    follower.readModseq = this.#account.modseq;
    if (changes === undefined && this.#wantsNames()) return false;
    const touched = changes === undefined ? this.#changedSince(since) : await this.#tellNames(changes);
    for (const id of touched) {
      const mailbox = this.#account.mailboxes.get(id);
      if (mailbox === undefined || mailbox === open || !this.wantsMessages(mailbox)) continue;
      this.#writeStatus(this.#placeOf(mailbox), false);
      const pause = this.#session.breathe();
      if (pause !== undefined) await pause;
    }
    return true;
  }

  writeFirstStatus(place: Place): void {
    this.#writeStatus(place, true);
  }

  #placeOf(mailbox: MailboxState): Place {
    return this.#session.reach.placeIn(this.#account, mailbox);
  }

  /** §5.1 to §5.3, and with NOTIFY SET STATUS §3.1: `isFirst`. */
  #writeStatus(place: Place, isFirst: boolean): void {
    const one = { name: place.name, subscribed: place.isOwn && place.mailbox.subscribed };
    const ofFlags = this.wants(one, 'FlagChange') || this.wants(one, 'AnnotationChange');
    writeNotifiedStatus(this.#session, place, { ofFlags, isFirst });
  }

  #wantsNames(): boolean {
    return this.#groups.some(({ events }) => OF_NAMES.some((event) => events.has(event)));
  }

  #changedSince(modseq: number): MailboxId[] {
    const all = [...this.#account.mailboxes.values()];
    return all.filter((mailbox) => mailbox.modseq > modseq).map(({ id }) => id);
  }

  /** Gives the mailboxes of which a STATUS is due. */
  async #tellNames(changes: readonly Change[]): Promise<ReadonlySet<MailboxId>> {
    const touched = new Set<MailboxId>();
    const flagged = new Set<MailboxId>();
    const affected = new Set<string>();
    const renames = new Renames(this.#account, changes);
    for (const change of changes) {
      if (change.by === this.#session.author) continue;
      if ('uids' in change) {
        (change.kind === 'flags' ? flagged : touched).add(change.mailbox);
        continue;
      }
      if (change.kind === 'annotation') this.#tellAnnotation(change);
      else if (change.kind === 'subscription') this.#tellSubscription(change);
      else if (change.kind === 'info') this.#tellInfo(change, renames, touched);
      else this.#tellName(change, affected);
      const pause = this.#session.breathe();
      if (pause !== undefined) await pause;
    }
    for (const name of affected) this.#tellParent(name);
    for (const id of flagged) if (this.#wantsFlags(id)) touched.add(id);
    return touched;
  }

  #wantsFlags(id: MailboxId): boolean {
    const mailbox = this.#account.mailboxes.get(id);
    return mailbox !== undefined && this.wants(mailbox, 'FlagChange');
  }

  /** §5.4: made or gone. `affected`: parents, which are told of in the end. */
  #tellName({ kind, was }: MailboxChange, affected: Set<string>): void {
    const parent = parentName(was.name);
    if (parent !== undefined) affected.add(parent);
    if (!this.wants(was, 'MailboxName')) return;
    if (kind === 'made') this.#writeName(was);
    else {
      const isSubscribed = this.#account.orphanSubscriptions.includes(was.name);
      writeList(this.#session.out, 'LIST', was.name, [
        '\\NonExistent',
        ...(isSubscribed ? ['\\Subscribed'] : []),
      ]);
    }
  }

  #tellParent(name: string): void {
    const mailbox = this.#account.byName.get(name);
    if (mailbox !== undefined && this.wants(mailbox, 'MailboxName')) this.#writeName(mailbox);
  }

  #tellInfo(change: MailboxChange, renames: Renames, touched: Set<MailboxId>): void {
    const { was, mailbox } = change;
    const is = renames.after(change);
    const either = (event: NotifyEvent): boolean => this.wants(was, event) || this.wants(is, event);
    if (was.name !== is.name) {
      const isToldOf = (one: MailboxFace): boolean => this.wants(one, 'MailboxName');
      if (either('MailboxName') && !renames.isBelowAnother(change, isToldOf))
        this.#writeName(is, { oldName: was.name });
    }
    if (was.subscribed !== is.subscribed && either('SubscriptionChange')) this.#writeName(is);
    // RFC 6154 §4.
    if (was.role !== is.role && either('MailboxMetadataChange'))
      this.#session.out.ascii('* METADATA ').mailbox(is.name).ascii(' /private/specialuse').crlf();
    if (was.uidValidity !== is.uidValidity && either('FlagChange')) touched.add(mailbox);
  }

  #tellSubscription({ name }: OrphanChange): void {
    if (!this.wants({ name, subscribed: true }, 'SubscriptionChange')) return;
    const mailbox = this.#account.byName.get(name);
    const isSubscribed = this.#account.orphanSubscriptions.includes(name);
    if (mailbox !== undefined) this.#writeName(mailbox);
    else if (isOfOthers(name))
      writeList(this.#session.out, 'LIST', name, isSubscribed ? ['\\Subscribed'] : []);
    else writeList(this.#session.out, 'LIST', name, ['\\NonExistent']);
  }

  /** §5.6 and §5.7: which entry, never its value. */
  #tellAnnotation({ mailbox: id, entry }: AnnotationChange): void {
    const { out } = this.#session;
    const mailbox = this.#account.mailboxes.get(id);
    if (id === NO_MAILBOX) {
      if (this.#groups.some(({ events }) => events.has('ServerMetadataChange')))
        out.ascii('* METADATA "" ').astring(entry).crlf();
    } else if (mailbox !== undefined && this.wants(mailbox, 'MailboxMetadataChange'))
      out.ascii('* METADATA ').mailbox(mailbox.name).sp().astring(entry).crlf();
  }

  /** As the change has left it; of one that has another name by now, there is no more to say. */
  #writeName({ name, subscribed }: Filtered, extras: ListExtras = {}): void {
    const mailbox = this.#account.byName.get(name);
    const attributes = mailbox === undefined ? [] : attributesOf(listedOf(this.#placeOf(mailbox)));
    writeList(
      this.#session.out,
      'LIST',
      name,
      subscribed ? [...attributes, '\\Subscribed'] : attributes,
      extras,
    );
  }
}

export function writeOverflow({ out }: Pick<SessionContext, 'out'>): void {
  writeStatus(out, '*', 'OK', 'Too much has happened; ask for notifications anew', 'NOTIFICATIONOVERFLOW');
}
