/**
 * A mail program that has a mailbox open: the server's own view and updates, and what a strict client makes of the lines.
 * Like a session it tells nothing before the account is settled, and is over when what it was shown is taken back.
 */
import assert from 'node:assert/strict';
import { writeFlagNames } from '../../src/imap/keywords.ts';
import { Modes } from '../../src/imap/modes.ts';
import { Output, TakenBack } from '../../src/imap/output.ts';
import { Selected } from '../../src/imap/selected.ts';
import { observe, tellChanges, writeFlags } from '../../src/imap/updates.ts';
import { FLAG, SYSTEM_FLAG_BITS, SYSTEM_FLAG_NAMES } from '../../src/mail/flags.ts';
import type { Domain } from '../../src/mailbox/domain.ts';
import { emailId } from '../../src/mailbox/model/model.ts';
import { type MessageRecord, recordAt } from '../../src/mailbox/model/record.ts';
import { beginOpening, mailboxOf, openMailbox } from '../../src/mailbox/operations/mailboxes.ts';
import { Place, type Visitor } from '../../src/mailbox/operations/visiting.ts';
import { ExpungedRecords } from '../../src/mailbox/reading/expunged-records.ts';
import { readRanges } from '../../src/mailbox/reading/message-reader.ts';
import type { AccountListener, AccountState } from '../../src/mailbox/state/account.ts';
import type { MailboxState } from '../../src/mailbox/state/mailbox.ts';
import { folded } from './semantics.ts';
import type { Truth } from './truth.ts';

interface Known {
  uid: number | undefined;
  /** Bits and keywords. */
  shown: string | undefined;
  modseq: number;
}

export interface DeviceOptions {
  readonly domain: Domain;
  readonly truth: Truth;
  readonly account: AccountState;
  readonly hasQresync: boolean;
  /** Who has it open by leave of its owner. */
  readonly guest?: Visitor;
}

export class Device implements AccountListener {
  readonly account: AccountState;
  readonly list: Known[] = [];
  /** Why its session is over. */
  end: string | undefined;
  readonly guest: Visitor | undefined;
  readonly #domain: Domain;
  readonly #truth: Truth;
  readonly #modes = new Modes();
  readonly #output = new Output({
    write: (bytes) => this.#sent.push(...[bytes].flat()),
    isWritable: true,
    drained: async () => {},
  });
  /** Flags and keywords that there are (RFC 9051 §7.3.5), as the server has said. */
  #announced = new Set<string>();
  /** What has left the server and was not yet looked at. */
  #sent: Uint8Array[] = [];
  #selected: Selected | undefined;
  /** One command at a time. */
  #busy: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isInvalid = false;

  constructor({ domain, truth, account, hasQresync, guest }: DeviceOptions) {
    this.guest = guest;
    this.#domain = domain;
    this.#truth = truth;
    this.account = account;
    this.#modes.rev2 = true;
    this.#modes.condstore = true;
    this.#modes.qresync = hasQresync;
  }

  /** As a session does that signs in. */
  join(): Promise<void> {
    return this.#domain.accounts.join(this.account, this);
  }

  get mailbox(): MailboxState | undefined {
    return this.#selected?.mailbox;
  }

  get uids(): number[] {
    return this.list.flatMap(({ uid }) => (uid === undefined ? [] : [uid]));
  }

  onApplied(): void {
    this.#output.onApplied();
  }

  onTakenBack(): void {
    this.#output.onTakenBack(false);
  }

  onEvicted(reason: string): void {
    this.close(reason);
  }

  close(reason: string): void {
    this.end ??= reason;
    this.account.listeners.delete(this);
    this.#selected?.viewer.close();
  }

  /** `waits` for the messages before it counts them, as SELECT with QRESYNC does. */
  open(name: string, waits: boolean): Promise<void> {
    return this.#command(async () => {
      const onElsewhere = () => this.#endAfterCommand();
      new Place(this.account, mailboxOf(this.account, name), this.guest).require('r');
      const events = { onHint: () => {}, onInvalid: () => this.#onInvalid(), onElsewhere };
      if (waits) (await openMailbox(this.#domain, this.account, name, false, events)).close();
      const { viewer, list } = beginOpening(this.#domain, this.account, name, false, events);
      const place = new Place(this.account, viewer.mailbox, this.guest);
      const author = { service: 'imap', id: 'device', client: undefined };
      const selected = new Selected({ viewer, place, isReadOnly: false }, list, author);
      selected.takeRecent();
      this.#selected = selected;
      if (this.end !== undefined) return viewer.close();
      writeFlagNames({ out: this.#output.out, domain: this.#domain }, selected);
      this.#output.out.ascii('* ').number(viewer.mailbox.exists).ascii(' EXISTS').crlf();
      await this.#flush();
      for (const line of this.#takeLines()) if (line !== '* 0 EXISTS') this.#hear(line, true);
    });
  }

  /** NOOP, and a FETCH of what it does not know yet. */
  refresh(): Promise<void> {
    return this.#command(async () => {
      await this.#tell(true);
      const isUnknown = this.list.some(({ shown }) => shown === undefined);
      assert.ok(this.end !== undefined || !isUnknown, 'messages that are there have flags');
    });
  }

  /** An answer during which no message may leave. */
  fetch(): Promise<void> {
    return this.#command(() => this.#tell(false));
  }

  /** UID FETCH: the octets of the message at this place, none when it was moved away, and what else there is to tell. */
  async read(at: number): Promise<{ readonly uid: number | undefined; readonly octets: Buffer | undefined }> {
    let octets: Buffer | undefined;
    let uid: number | undefined;
    await this.#command(async () => {
      uid = this.list[at]?.uid;
      const record = uid === undefined ? undefined : await this.#recordOf(uid);
      if (record !== undefined) {
        const email = emailId(this.account.id, record.email);
        [octets] = await readRanges(this.#domain, [{ email, start: 0, end: record.size }]);
      }
      await this.#tell(true);
    });
    return { uid, octets };
  }

  /** At once when it waits, else after the command that runs; as the session's stop. */
  #onInvalid(): void {
    this.#output.onInvalidView();
    this.#endAfterCommand();
  }

  #endAfterCommand(): void {
    this.#isInvalid = true;
    if (!this.#isRunning) this.close('invalidated');
  }

  /** As the session of whom the right to read was taken from: he is told nothing more. */
  #isPutOut(): boolean {
    if (this.guest === undefined || this.#selected?.isLost !== true) return false;
    this.close('it is not to be read any more');
    return true;
  }

  /** Runs after what was asked for before it. One that fails is answered, and the session goes on. */
  #command(work: () => Promise<void>): Promise<void> {
    const done = this.#busy.then(async () => {
      if (this.end !== undefined) return;
      this.#isRunning = true;
      try {
        if (this.#isPutOut()) return;
        await work().finally(() => this.#flush());
      } catch (error) {
        if (!(error instanceof TakenBack)) throw error;
        this.close('what it was to be told is not so');
      } finally {
        this.#isRunning = false;
        if (this.#isInvalid) this.close('invalidated');
      }
    });
    this.#busy = done.catch(() => {});
    return done;
  }

  async #flush(): Promise<void> {
    await this.#output.flush(this.account.unsettled);
  }

  async #tell(mayExpunge: boolean): Promise<void> {
    const selected = this.#selected;
    if (selected === undefined) return;
    await selected.whenReady();
    if (this.end !== undefined || this.#isPutOut()) return;
    const { out } = this.#output;
    const session = { out, domain: this.#domain, modes: this.#modes, breathe: () => undefined };
    await tellChanges(session, selected, mayExpunge);
    const { uids } = selected.view;
    for (const uid of [...uids].filter((one) => this.#isUnknown(one))) {
      writeFlags(session, selected, uid);
      selected.view.forgetFlag(uid);
    }
    await this.#flush();
    for (const line of this.#takeLines()) this.#hear(line, mayExpunge);
    if (this.end !== undefined) return;
    assert.equal(this.list.length, uids.length, 'as many messages as the server thinks it has told of');
  }

  #takeLines(): string[] {
    return Buffer.concat(this.#sent.splice(0)).toString('latin1').split('\r\n').slice(0, -1);
  }

  #isUnknown(uid: number): boolean {
    return !this.list.some((known) => known.uid === uid && known.shown !== undefined);
  }

  async #recordOf(uid: number): Promise<MessageRecord | undefined> {
    const selected = this.#selected as Selected;
    await selected.whenReady();
    observe(selected);
    const { list, viewer } = selected;
    const row = list.indexOf(uid);
    if (row >= 0) return recordAt(list.columns, row);
    // Each command has its own: what was brought back since is held by whom it was brought back to.
    return new ExpungedRecords(this.#domain, this.account, viewer).find(uid);
  }

  #hear(line: string, mayExpunge: boolean): void {
    const [, number, word] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line) ?? [];
    const n = Number(number);
    if (word === 'EXISTS') {
      assert.ok(n > this.list.length, `${line} with ${this.list.length} known`);
      while (this.list.length < n) this.list.push({ uid: undefined, shown: undefined, modseq: 0 });
    } else if (word === 'EXPUNGE') {
      assert.ok(mayExpunge && !this.#modes.qresync && n >= 1 && n <= this.list.length, line);
      this.#lose(n - 1);
    } else if (line.startsWith('* VANISHED ')) {
      assert.ok(mayExpunge && this.#modes.qresync, line);
      this.#vanish(line.slice('* VANISHED '.length));
    } else if (word === 'FETCH') this.#hearFlags(n, line);
    else if (line.startsWith('* FLAGS (')) {
      this.#announced = new Set(line.slice('* FLAGS ('.length, -1).toLowerCase().split(' '));
    } else assert.match(line, /^\* OK /);
  }

  #vanish(set: string): void {
    for (const range of set.split(',')) {
      const [low = 0, high = low] = range.split(':').map(Number);
      for (let uid = low; uid <= high; uid++) {
        let at = this.list.findIndex((known) => known.uid === uid);
        // One it never asked about: the first of which it knows nothing, since all before it are known.
        if (at < 0) at = this.list.findIndex((known) => known.uid === undefined);
        assert.ok(at >= 0, `VANISHED ${uid} is not known`);
        this.#lose(at, uid);
      }
    }
  }

  #lose(at: number, uid = this.list[at]?.uid): void {
    const { id } = this.mailbox as MailboxState;
    const isLost = uid !== undefined && this.#truth.isThere(this.account.id, id, uid);
    assert.ok(!isLost, `UID ${uid} was said to be gone`);
    this.list.splice(at, 1);
  }

  #hearFlags(seq: number, line: string): void {
    const known = this.list[seq - 1];
    const [, uid, words, modseq] = /\(UID (\d+) FLAGS \(([^)]*)\) MODSEQ \((\d+)\)\)$/.exec(line) ?? [];
    assert.ok(known !== undefined && uid !== undefined && words !== undefined, `${line}: not understood`);
    assert.ok(known.uid === undefined || known.uid === Number(uid), `${line}: it was UID ${known.uid}`);
    for (const flag of words.toLowerCase().split(' ')) {
      assert.ok(flag === '' || this.#announced.has(flag), `${line}: ${flag} was not announced`);
    }
    const told = { uid: Number(uid), modseq: Number(modseq), shown: shownOf(words) };
    const { id } = this.mailbox as MailboxState;
    const reader = this.guest?.person.id;
    assert.ok(this.#truth.wasTrue(this.account.id, id, told, reader), `${line}: that was never so`);
    Object.assign(known, told);
  }
}

function shownOf(words: string): string {
  let bits = 0;
  const keywords: string[] = [];
  for (const word of words.split(' ').filter((one) => one !== '')) {
    const at = SYSTEM_FLAG_NAMES.findIndex((name) => name === word);
    if (at >= 0) bits |= SYSTEM_FLAG_BITS[at] as number;
    else keywords.push(word);
  }
  assert.ok((bits & ~(FLAG.Seen | FLAG.Answered | FLAG.Flagged | FLAG.Deleted | FLAG.Draft)) === 0);
  return `${bits} ${folded(keywords)}`;
}
