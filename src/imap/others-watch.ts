/**
 * What a client has asked to be told of mailboxes that others share with it (RFC 5465): of their mail by STATUS, of their names, and that one can be seen or
 * not any more, by LIST. Nothing is told but what it may see at that moment, so this compares with what it was told before and asks no log.
 *
 * Who begins to share when it is watched already is noticed with the next NOTIFY.
 */

import { nameAtOwner } from '../mail/mailbox-name.ts';
import type { MailboxId } from '../mailbox/model/model.ts';
import type { Place } from '../mailbox/operations/visiting.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { Follower } from '../mailbox/state/follower.ts';
import type { SessionContext } from './context.ts';
import { attributesOf, listedOf, writeList } from './listing.ts';
import { writeNotifiedStatus } from './notified-status.ts';
import type { NotifyEvent } from './wire/notify-args.ts';

type Teller = Pick<SessionContext, 'out' | 'modes' | 'breathe' | 'viewerEvents' | 'reach'>;

interface Told {
  readonly name: string;
  readonly modseq: number;
}

export class OthersWatch {
  readonly account: AccountState;
  readonly #session: Teller;
  readonly #wants: (name: string, event: NotifyEvent) => boolean;
  readonly #follower: Follower;
  #told: ReadonlyMap<MailboxId, Told>;

  /** Until `close`. `wants`: of the name as the client knows it. */
  constructor(session: Teller, account: AccountState, wants: (name: string, event: NotifyEvent) => boolean) {
    this.account = account;
    this.#session = session;
    this.#wants = wants;
    this.#follower = new Follower(account, session.viewerEvents);
    this.#told = this.#seen();
    session.reach.hold(account);
  }

  get hasNews(): boolean {
    return this.#follower.readModseq !== this.account.modseq;
  }

  close(): void {
    this.#follower.close();
    this.#session.reach.letGo(this.account);
  }

  async tell(open: Place['mailbox'] | undefined): Promise<void> {
    if (!this.hasNews) return;
    await this.#session.reach.refresh();
    this.#follower.readModseq = this.account.modseq;
    const before = this.#told;
    const now = this.#seen();
    this.#told = now;
    for (const [id, { name }] of before)
      if (!now.has(id) && this.#wants(name, 'MailboxName'))
        writeList(this.#session.out, 'LIST', name, ['\\NonExistent']);
    for (const [id, { name, modseq }] of now) {
      const mailbox = this.account.mailboxes.get(id);
      if (mailbox === undefined) continue;
      const place = this.#session.reach.placeIn(this.account, mailbox);
      this.#tellName(place, before.get(id)?.name);
      const isNew = modseq !== (before.get(id)?.modseq ?? modseq);
      if (isNew && mailbox !== open && place.may('r') && this.#wants(name, 'MessageNew'))
        this.#writeStatus(place, false);
      const pause = this.#session.breathe();
      if (pause !== undefined) await pause;
    }
  }

  #tellName(place: Place, before: string | undefined): void {
    const { name } = place;
    if (name === before) return;
    if (!this.#wants(name, 'MailboxName') && (before === undefined || !this.#wants(before, 'MailboxName')))
      return;
    const extras = before === undefined ? {} : { oldName: before };
    writeList(this.#session.out, 'LIST', name, attributesOf(listedOf(place)), extras);
  }

  #writeStatus(place: Place, isFirst: boolean): void {
    const ofFlags = this.#wants(place.name, 'FlagChange');
    writeNotifiedStatus(this.#session, place, { ofFlags, isFirst });
  }

  /** Those that may be seen, as they are. */
  #seen(): ReadonlyMap<MailboxId, Told> {
    const seen = new Map<MailboxId, Told>();
    for (const mailbox of this.account.mailboxes.values())
      if (this.#session.reach.placeIn(this.account, mailbox).may('l'))
        seen.set(mailbox.id, {
          name: nameAtOwner(this.account.record.address, mailbox.name),
          modseq: mailbox.modseq,
        });
    return seen;
  }
}
