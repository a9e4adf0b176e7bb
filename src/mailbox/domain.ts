/**
 * What an operation needs, as one value: the parts of the domain that outlive a call. Made once in `main.ts`.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Accounts } from './accounts.ts';
import type { Turns } from './change/turns.ts';
import type { Dispositions } from './disposition.ts';
import type { Keeping } from './keeping.ts';
import type { MailboxEvents } from './mailbox-events.ts';
import type { Author } from './model/author.ts';
import type { AccountRecord } from './model/model.ts';
import type { Placement } from './port/placement.ts';
import type { TranslatedStore } from './port/translated-store.ts';
import type { Alarms } from './state/alarms.ts';
import type { SentCopies } from './state/sent-copies.ts';
import type { TextIndex } from './text-index/text-index.ts';

export interface DomainLimits {
  readonly keywordsPerMailbox: number;
  readonly keywordsPerMessage: number;
  readonly mailboxesPerAccount: number;
  readonly messageBytes: number;
  /** Of all annotations of an account (RFC 9208 §5.4). */
  readonly annotationBytes: (record: Pick<AccountRecord, 'settings'>) => number;
  /** For so long mail is kept elsewhere that finds no room here. */
  readonly roomGraceMs: number;
  /** Recipients that mail of one account waits for. */
  readonly outgoingPerAccount: number;
  /** Octets of them. */
  readonly outgoingBytesPerAccount: number;
  /** Messages that wait, of all accounts that are held here. */
  readonly outgoing: number;
}

export interface Domain {
  readonly store: TranslatedStore;
  readonly accounts: Accounts;
  readonly turns: Pick<Turns, 'run' | 'outbox' | 'onRoom' | 'onRoomMade' | 'onShared'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: DomainLimits;
  /** Of which accounts this is the domain. */
  readonly placement: Placement;
  /** What came into the mailboxes for sent mail a moment ago. */
  readonly sentCopies: SentCopies;
  /** When something that was put off is due. */
  readonly alarms: Alarms;
  /** Somebody learns from where people put mail (`operations/lessons.ts`). */
  readonly learns: boolean;
  /** What the administrator says of the server (RFC 5464 §3.2.1.1), by name. */
  readonly serverAnnotations: ReadonlyMap<string, string>;
  /** Which words are in which emails. */
  readonly textIndex: TextIndex;
  /** Whoever follows up what people do to messages. */
  readonly events: MailboxEvents;
  /** For how long mail stays that is on its way out. */
  readonly keeping: Keeping;
  /** Whom a delivery asks. */
  readonly dispositions: Dispositions;
}

/** The same domain for one who acts in it: changes are made by this author. */
export function actingAs(domain: Domain, by: Author): Domain {
  const { turns } = domain;
  const { outbox, onRoom, onRoomMade, onShared } = turns;
  return {
    ...domain,
    turns: { outbox, onRoom, onRoomMade, onShared, run: (operation) => turns.run({ ...operation, by }) },
  };
}
