/**
 * A signed-in POP3 session: a maildrop, and the commands on it. It begins in a dialogue that a door has led until here, or at
 * the account's holder in one that came from another process.
 *
 * The maildrop is held from here to the end of the session and given back in one place (`release`), which every end comes by:
 * QUIT, a lost or silent connection, the server's stop. Only QUIT deletes anything (RFC 1939 §6).
 */
import type { Admission } from '../identity/authenticator.ts';
import { actingAs } from '../mailbox/domain.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { AccountListener } from '../mailbox/state/account.ts';
import type { Departure, Session } from '../net/sessions.ts';
import type { State, Transaction } from './command.ts';
import type { Dialogue } from './dialogue.ts';
import { Refusal } from './faults.ts';
import { openTransaction } from './open-transaction.ts';
import { Party } from './party.ts';
import { settingsOf } from './settings.ts';
import type { Speaker } from './speaker.ts';
import { LINE_BYTES } from './wire.ts';

export class Pop3Session extends Party implements Speaker, Session, AccountListener {
  readonly credential: number | undefined;
  #state: State = { kind: 'authorization' };
  #held: (() => Promise<void>) | undefined;

  private constructor(dialogue: Dialogue, { credential }: Admission) {
    super(dialogue);
    this.credential = credential?.id;
  }

  /**
   * With its maildrop open. Throws Refusal, or MailboxError when the account cannot be opened. Whoever gets a session lets it
   * `release`.
   */
  static async enter(dialogue: Dialogue, who: Admission): Promise<Pop3Session> {
    const session = new Pop3Session(dialogue, who);
    try {
      session.#state = { kind: 'transaction', ...(await session.#openMaildrop(who.record)) };
    } catch (error) {
      await session.release();
      throw error;
    }
    return session;
  }

  run(): Promise<Departure | undefined> {
    return this.dialogue.run(this);
  }

  stop(reason: string): void {
    this.dialogue.stop(reason);
  }

  onEvicted(reason: string): void {
    this.stop(reason);
  }

  get state(): State {
    return this.#state;
  }

  get lastActiveMs(): number {
    return this.dialogue.connection.lastActiveMs;
  }

  /** The answer to the sign-in, which may have been sent to another process. */
  greet(): void {
    if (this.#state.kind !== 'transaction') return;
    const { count, octets } = this.#state.maildrop.totals;
    this.ok(this.texts.signedIn(count, octets));
  }

  stepTo(next: State): Speaker {
    this.#state = next;
    return this;
  }

  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.();
  }

  async #openMaildrop(record: AccountRecord): Promise<Transaction> {
    const { dialogue, settings } = this;
    const { locks, roster, sizes } = dialogue.services;
    const domain = actingAs(dialogue.services.domain, dialogue.guest);
    const own = settingsOf(settings.defaults, record.settings);
    if (!own.enabled) throw new Refusal((texts) => texts.switchedOff(), 'SYS/PERM');
    const { loginDelay } = settings.defaults;
    const unlock = await locks.acquire(record.id, settings.lockWaitMs);
    if (unlock === undefined) throw new Refusal((texts) => texts.inUse(), 'IN-USE');
    this.#held = async () => unlock();
    if (!locks.mayEnter(record.id, loginDelay))
      throw new Refusal((texts) => texts.loginDelay(Math.ceil(loginDelay / 1000)), 'LOGIN-DELAY');
    const account = await domain.accounts.open(record.id);
    const leaveRoster = roster.join(record.address, this);
    let transaction: Transaction | undefined;
    this.#held = async () => {
      account.listeners.delete(this);
      leaveRoster();
      await transaction?.seen?.flush();
      transaction?.viewer.close();
      unlock();
    };
    await domain.accounts.join(account, this);
    const terms = { settings: own, isUtf8: this.isUtf8 };
    transaction = await openTransaction(domain, account, terms, {
      onHint: () => {},
      onInvalid: () => this.stop('storage failed'),
    });
    await sizes.settle(transaction.maildrop, transaction.reader, () => this.breathe());
    dialogue.log = dialogue.log.child({ account: record.address }, record.address);
    dialogue.limitLines(LINE_BYTES);
    dialogue.connection.limitReads({ idleMs: settings.idleTimeoutMs });
    return transaction;
  }
}
