/**
 * Scripts of mailboxes (RFC 6785): what somebody appends, copies or marks over IMAP is shown to the script that the annotation
 * `/shared/imapsieve/script` of its mailbox names, or that of the server.
 *
 * Runs come after the change that they are about, in the background, one after the other for an account, and in changes of their own
 * that are no events: nothing runs twice, and nothing goes in a circle. The message stays where it is whatever a script
 * says: at most it is marked as deleted, and only when all that was asked for instead is durable. More events than an account may
 * have waiting are let go, and the log of rules says so; so are those that wait when the server ends.
 */
import { EMPTY } from '../base/bytes.ts';
import type { Log } from '../base/log.ts';
import { FLAG, SYSTEM_FLAG_BITS, SYSTEM_FLAG_NAMES } from '../mail/flags.ts';
import type { Copy, Delivery, Form } from '../mailbox/disposition.ts';
import { actingAs, type Domain } from '../mailbox/domain.ts';
import type { MailboxEvent, MailboxEvents } from '../mailbox/mailbox-events.ts';
import { annotationKey, NO_MAILBOX } from '../mailbox/model/annotations.ts';
import { THE_SERVER } from '../mailbox/model/author.ts';
import type { AccountId, MailboxId } from '../mailbox/model/model.ts';
import { emailId } from '../mailbox/model/model.ts';
import { type MessageRecord, recordAt } from '../mailbox/model/record.ts';
import type { ScriptRow } from '../mailbox/model/rules.ts';
import { readAnnotations, type ServerAnnotations } from '../mailbox/operations/annotations.ts';
import { carryOut } from '../mailbox/operations/deliver.ts';
import { changeFlags } from '../mailbox/operations/flags.ts';
import { openIncoming, type Received } from '../mailbox/operations/incoming.ts';
import { findScript, own } from '../mailbox/operations/scripts.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { loadList } from '../mailbox/state/load.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { Script } from '../sieve/compile/script.ts';
import type { FileEffect } from '../sieve/effects.ts';
import type { Failure, Outcome } from '../sieve/run/interpreter.ts';
import { placeOf } from './place.ts';
import type { Rules } from './rules.ts';

export const SCRIPT_ANNOTATION = '/shared/imapsieve/script';

/** RFC 6785 §3.11: they answer the delivery of mail. */
const INAPPLICABLE: readonly string[] = ['reject', 'ereject', 'vacation', 'vacation-seconds'];
/** Messages of an account that wait. */
const MOST_WAITING = 2000;

export interface MailboxScriptsOptions {
  readonly rules: Pick<Rules, 'runAtEvent'>;
  readonly serverAnnotations: ServerAnnotations;
  readonly log: Log;
}

/** One message of an event. */
interface Happening extends Pick<MailboxEvent, 'mailbox' | 'cause'> {
  readonly uid: number;
  readonly changedFlags: readonly string[];
}

interface Waiting {
  readonly happenings: Happening[];
  /** Until nothing waits any more. */
  done: Promise<void>;
}

export class MailboxScripts implements MailboxEvents {
  readonly #options: MailboxScriptsOptions;
  readonly #waiting = new Map<AccountId, Waiting>();
  #domain: Domain | undefined;
  #isStopped = false;

  constructor(options: MailboxScriptsOptions) {
    this.#options = options;
  }

  areWanted({ annotations }: AccountState, mailbox: MailboxId): boolean {
    return (
      annotations.has(annotationKey({ mailbox, name: SCRIPT_ANNOTATION })) ||
      this.#options.serverAnnotations.has(SCRIPT_ANNOTATION)
    );
  }

  /** Before, nothing is run. */
  begin(domain: Domain): void {
    this.#domain = actingAs(domain, THE_SERVER);
  }

  happened(account: AccountState, { mailbox, cause, uids, changedFlags }: MailboxEvent): void {
    const domain = this.#domain;
    if (this.#isStopped || domain === undefined) return;
    const waiting = this.#waiting.get(account.id);
    const happenings = waiting?.happenings ?? [];
    const room = MOST_WAITING - happenings.length;
    for (const [i, uid] of uids.slice(0, room).entries())
      happenings.push({ mailbox, cause, uid, changedFlags: changedFlags?.[i] ?? [] });
    if (uids.length > room) this.#noteLost(domain, account, uids.length - room);
    if (waiting !== undefined) return;
    const begun: Waiting = { happenings, done: Promise.resolve() };
    this.#waiting.set(account.id, begun);
    begun.done = this.#work(domain, account.id, begun).finally(() => this.#waiting.delete(account.id));
  }

  /** What runs comes to its end; what waits does not begin. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.idle();
  }

  /** Nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all([...this.#waiting.values()].map(({ done }) => done));
  }

  async #work(domain: Domain, id: AccountId, { happenings }: Waiting): Promise<void> {
    // Whoever did it is answered first.
    await new Promise(setImmediate);
    for (let next = happenings.shift(); next !== undefined; next = happenings.shift()) {
      if (this.#isStopped) return;
      try {
        await this.#run(domain, await domain.accounts.open(id), next);
      } catch (err) {
        this.#options.log.warn({ err, accountId: id }, 'the script of a mailbox could not be carried out');
      }
      await new Promise(setImmediate);
    }
  }

  async #run(domain: Domain, account: AccountState, happening: Happening): Promise<void> {
    const mailbox = account.mailboxes.get(happening.mailbox);
    const row = mailbox && (await this.#scriptOf(domain, account, mailbox.id));
    if (mailbox === undefined || row === undefined) return;
    const list = await loadList(domain, account, mailbox);
    const at = list.indexOf(happening.uid);
    if (at < 0) return;
    const record = recordAt(list.columns, at);
    const staged = await stage(domain, account, record);
    try {
      await this.#carryOut(domain, { account, mailbox, record, row, happening, received: staged.received });
    } finally {
      staged.end();
    }
  }

  /** Which annotation counts is decided before its value is looked at (RFC 6785 §2.3.1). */
  async #scriptOf(domain: Domain, account: AccountState, mailbox: MailboxId): Promise<ScriptRow | undefined> {
    const place = { mailbox, name: SCRIPT_ANNOTATION };
    const isOwn = account.annotations.has(annotationKey(place));
    const [value] = await readAnnotations(domain, account, [
      isOwn ? place : { mailbox: NO_MAILBOX, name: SCRIPT_ANNOTATION },
    ]);
    const name = value?.toString('utf8') ?? '';
    return name === '' ? undefined : findScript(account, own(name));
  }

  async #carryOut(domain: Domain, about: Running): Promise<void> {
    const { account, record, mailbox, row } = about;
    const delivery = deliveryOf(about);
    const flags = flagsOf(mailbox, record);
    const run = await this.#options.rules.runAtEvent(delivery, row, { flags, items: itemsOf(about) });
    const outcome = judged(run.outcome, run.script);
    const keep = outcome.effects.find(({ kind }) => kind === 'keep') as FileEffect | undefined;
    let isLeftBehind = false;
    const effects = outcome.effects.filter(({ kind }) => kind !== 'keep' && kind !== 'discard');
    const disposition = await run.dispose({ ...outcome, effects }, () => {
      isLeftBehind = true;
    });
    try {
      const copies = disposition.copies.map(asNewMessage());
      await carryOut(domain, delivery, { ...disposition, copies });
    } finally {
      disposition.end?.();
    }
    // Not before what was asked for instead is durable.
    if (keep === undefined && !isLeftBehind && outcome.failures.length === 0)
      await changeFlags(domain, account, mailbox, [record.uid], DELETED);
    else if (keep !== undefined) await mark(domain, about, flags, keep);
  }

  #noteLost(domain: Domain, account: AccountState, count: number): void {
    this.#options.log.warn(
      { accountId: account.id, count },
      'more events than scripts of mailboxes can follow',
    );
    const text = JSON.stringify({
      ...{ from: '', to: account.record.address, subject: '' },
      did: [`the scripts of mailboxes were not run for ${count} messages: too many at once`],
    });
    void domain.turns
      .run({ account, run: (change) => change.rules.note(text) })
      .catch((err: unknown) => this.#options.log.warn({ err }, 'the log of rules cannot be written'));
  }
}

interface Running {
  readonly account: AccountState;
  readonly mailbox: MailboxState;
  readonly record: MessageRecord;
  readonly row: ScriptRow;
  readonly happening: Happening;
  readonly received: Received;
}

const DELETED = { mode: 'add', flags: FLAG.Deleted, keywords: [] } as const;

/** Octets of a message that is stored, as if they had just come: its copies are messages of their own (RFC 6785 §3.3). */
async function stage(
  domain: Domain,
  account: AccountState,
  { email, size }: MessageRecord,
): Promise<{ readonly received: Received; readonly end: () => void }> {
  const incoming = openIncoming(domain, [account.id], size, size);
  try {
    const range = { email: emailId(account.id, email), start: 0, end: size };
    for await (const octets of domain.store.readStream(range)) await incoming.write(octets);
    return { received: await incoming.finish(), end: () => incoming.abort() };
  } catch (error) {
    incoming.abort();
    throw error;
  }
}

/** The owner sends what is passed on; nothing proves that he has written it (RFC 6785 §3.4). */
function deliveryOf({ account, received }: Running): Delivery {
  const { address } = account.record;
  return {
    ...{ account, address, envelopeFrom: address, fields: EMPTY },
    ...{ isJunk: false, isAuthorKnown: false, message: received },
  };
}

/** RFC 6785 §4. */
function itemsOf({ account, mailbox, happening }: Running): ReadonlyMap<string, string> {
  const { address } = account.record;
  return new Map([
    ['location', 'MS'],
    ['phase', 'post'],
    ['imap.user', address],
    ['imap.email', address],
    ['imap.cause', happening.cause],
    ['imap.mailbox', mailbox.name],
    ['imap.changedflags', happening.changedFlags.join(' ')],
  ]);
}

function flagsOf(mailbox: MailboxState, { flags, keywordSet }: MessageRecord): readonly string[] {
  const system = SYSTEM_FLAG_NAMES.filter((_, i) => (flags & (SYSTEM_FLAG_BITS[i] as number)) !== 0);
  return [...system, ...mailbox.keywords.namesOf(keywordSet)];
}

/** What answers a delivery ends the script, and nothing of what it asked for is done. */
function judged(outcome: Outcome, script: Script): Outcome {
  const required = INAPPLICABLE.find((word) => script.capabilities.includes(word));
  const asked = outcome.effects.find(({ kind }) => INAPPLICABLE.includes(kind));
  const word = required ?? asked?.kind;
  if (word === undefined) return outcome;
  const origin = { script: script.name, place: { line: 1, column: 1 } };
  const failure: Failure = {
    reason: `"${word}" is for mail that is delivered, not for what is in a mailbox`,
    origin,
  };
  return { ...outcome, effects: [], seen: [], failures: [failure] };
}

/** Without the trace fields of a delivery; those without a form of their own are one email. */
function asNewMessage(): (copy: Copy) => Copy {
  const plain: Form = { hasNoTrace: true };
  const forms = new Map<Form, Form>();
  return (copy) => {
    if (copy.form === undefined) return { ...copy, form: plain };
    const form = forms.get(copy.form) ?? { ...copy.form, hasNoTrace: true };
    forms.set(copy.form, form);
    return { ...copy, form };
  };
}

/** Only what the script has changed: others may have marked it meanwhile. */
async function mark(
  domain: Domain,
  { account, mailbox, record }: Running,
  before: readonly string[],
  { target }: FileEffect,
): Promise<void> {
  const has = new Set(before.map((name) => name.toLowerCase()));
  const wanted = new Set(target.flags.map((name) => name.toLowerCase()));
  const added = target.flags.filter((name) => !has.has(name.toLowerCase()));
  const removed = before.filter((name) => !wanted.has(name.toLowerCase()));
  for (const [mode, names] of [
    ['add', added],
    ['remove', removed],
  ] as const) {
    const { flags, keywords } = placeOf({ ...target, flags: names });
    if (names.length > 0)
      await changeFlags(domain, account, mailbox, [record.uid], { mode, flags, keywords });
  }
}
