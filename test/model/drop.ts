/** A POP3 session: the snapshot of INBOX at sign-in, what it marks, and QUIT, which is the server's own command. */
import assert from 'node:assert/strict';
import type { Domain } from '../../src/mailbox/domain.ts';
import type { AccountListener, AccountState } from '../../src/mailbox/state/account.ts';
import type { Call, Transaction } from '../../src/pop3/command.ts';
import { Refusal } from '../../src/pop3/faults.ts';
import { openTransaction } from '../../src/pop3/open-transaction.ts';
import { quit } from '../../src/pop3/quit.ts';
import { textsIn } from '../../src/pop3/texts.ts';

export class Drop implements AccountListener {
  readonly account: AccountState;
  /** Reads that had failed when it was opened. */
  readonly failuresBefore: number;
  readonly #domain: Domain;
  #transaction: Transaction | undefined;
  #isOver = false;

  constructor(domain: Domain, account: AccountState, failuresBefore: number) {
    this.#domain = domain;
    this.failuresBefore = failuresBefore;
    this.account = account;
  }

  get transaction(): Transaction | undefined {
    return this.#isOver ? undefined : this.#transaction;
  }

  async open(deletes: 'expunge' | 'trash'): Promise<void> {
    await this.#domain.accounts.join(this.account, this);
    const settings = { enabled: true, delete: deletes, markSeen: false, days: 0 } as const;
    const events = { onHint: () => {}, onInvalid: () => this.close() };
    this.#transaction = await openTransaction(this.#domain, this.account, { settings, isUtf8: true }, events);
    if (this.#isOver) this.#transaction.viewer.close();
  }

  onEvicted(): void {
    this.close();
  }

  close(): void {
    this.#isOver = true;
    this.account.listeners.delete(this);
    this.#transaction?.viewer.close();
  }

  /** Octets of the message at this place; undefined when it was moved away. */
  async read(index: number): Promise<Buffer | undefined> {
    const { reader } = this.#transaction as Transaction;
    const message = await reader.locate(index);
    return message && reader.read(index, message);
  }

  /** Whether it said OK. */
  async quit(): Promise<boolean> {
    let isOk = false;
    const session = {
      domain: this.#domain,
      texts: textsIn('en'),
      ok: () => {
        isOk = true;
      },
      release: async () => this.close(),
      enter: () => {},
      presence: { note: () => {} },
    };
    const state = { kind: 'transaction', ...(this.#transaction as Transaction) };
    try {
      await quit.run({ session, state, argument: Buffer.alloc(0) } as unknown as Call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      assert.ok(!isOk, 'QUIT said OK and failed');
    }
    return isOk;
  }
}
