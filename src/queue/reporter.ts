/**
 * Telling senders what became of their mail: the report goes into the queue in the same change in which the rows that it is about
 * end, so that there is never neither and never both. What failed for somebody who must not be told ends with a line of the log.
 *
 * A report leaves only for mail that we have taken for somebody (backscatter): whoever accepts mail says with NOTIFY whether its sender
 * may be told. What was passed on for one of ours is told to that one and to nobody else.
 */
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import {
  NOTIFY,
  type Outgoing,
  type OutgoingRecipient,
  type OutgoingRoute,
  outgoingAccount,
  type RecipientChange,
} from '../mailbox/model/outgoing.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { acceptUnshown } from '../mailbox/operations/outgoing.ts';
import { departingMessage, UNSIGNED } from './message.ts';
import { makeReport } from './report.ts';
import type { Language } from './words/languages.ts';
import type { ReportKind } from './words/words.ts';

/** Of the account whose mail it is. */
export type LanguageOf = (account: {
  readonly address: string;
  readonly settings: Readonly<Record<string, string>>;
}) => Language;

export interface ReporterOptions {
  readonly domain: Domain;
  readonly hostname: string;
  /** Whom reports are from, and who answers for them. */
  readonly postmaster: string;
  readonly giveUpReportsMs: number;
  readonly languageOf: LanguageOf;
  readonly routeOf: (address: string) => Promise<OutgoingRoute>;
}

/** Of the message that is returned. */
const MOST_RETURNED_BYTES = 64 * 1024;

export class Reporter {
  readonly #options: ReporterOptions;
  made = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** All of them are of this message and in the state that is told. They end, or are told, with the report. */
  async tell(outgoing: Outgoing, recipients: readonly OutgoingRecipient[], kind: ReportKind): Promise<void> {
    if (recipients.length === 0) return;
    const { domain } = this.#options;
    const { row } = outgoing;
    const account = await domain.accounts.open(outgoingAccount(row.id));
    const to = row.kind === 'forward' ? account.record.address : row.sender;
    if (to === '') return this.#endSilently(outgoing, recipients);
    const language = this.#options.languageOf(account.record);
    const report = await this.#make(outgoing, recipients, { kind, to, language });
    const { messageBytes } = domain.limits;
    const received = await receive(domain.store, [account.id], messageBytes, report.octets);
    const envelope = {
      ...({ kind: 'report', sender: '', isUtf8: report.isUtf8, isEightBit: report.isEightBit } as const),
      ...{ requiresTls: row.requiresTls, isTlsOptional: false },
      expiresMs: domain.clock.nowMs() + this.#options.giveUpReportsMs,
    };
    const route = await this.#options.routeOf(to);
    const mail = { envelope, recipients: [{ address: to, route, notify: NOTIFY.Never }] };
    await acceptUnshown(domain, account, received, mail, (change) => {
      change.outgoing.settle(...recipients.map((one) => toldOf(outgoing, one, kind, change.nowMs)));
    });
    this.made++;
  }

  async #endSilently(outgoing: Outgoing, recipients: readonly OutgoingRecipient[]): Promise<void> {
    const atMs = this.#options.domain.clock.nowMs();
    const account = await this.#options.domain.accounts.open(outgoingAccount(outgoing.row.id));
    await this.#options.domain.turns.run({
      account,
      run: (change) => {
        const ends = recipients.map((one): RecipientChange => {
          const log = { atMs, address: one.address, event: 'dropped', detail: one.lastReply ?? '' } as const;
          return { outgoing: outgoing.row.id, n: one.n, become: 'ended', log };
        });
        change.outgoing.settle(...ends);
      },
    });
  }

  async #make(
    { row }: Outgoing,
    recipients: readonly OutgoingRecipient[],
    { kind, to, language }: { readonly kind: ReportKind; readonly to: string; readonly language: Language },
  ) {
    const { domain, hostname, postmaster: from } = this.#options;
    const base = { kind, language, hostname, from, nowMs: domain.clock.nowMs(), row, recipients, to };
    try {
      const message = await departingMessage(domain, row, UNSIGNED);
      // RFC 8689 §5: of what travels over TLS alone no more than the header comes back.
      const isWanted = row.ret === 'full' && kind === 'failed' && !row.requiresTls;
      const isWhole = isWanted && message.sizeBytes <= MOST_RETURNED_BYTES;
      if (!isWhole) return makeReport({ ...base, header: message.header });
      const pieces: Buffer[] = [];
      for await (const piece of message.octets()) pieces.push(piece);
      return makeReport({ ...base, header: message.header, whole: Buffer.concat(pieces) });
    } catch (error) {
      // The message is lost; that it was not delivered is to be told all the same.
      if (!(error instanceof MailboxError) || error.code !== 'damaged') throw error;
      return makeReport({
        ...base,
        header: Buffer.from('X-Lost: the message was damaged on the server\r\n'),
      });
    }
  }
}

function toldOf(
  { row }: Outgoing,
  { n, address, state }: OutgoingRecipient,
  kind: ReportKind,
  atMs: number,
): RecipientChange {
  if (kind !== 'delayed')
    return {
      outgoing: row.id,
      n,
      when: [state],
      become: 'ended',
      log: { atMs, address, event: 'reported', detail: kind },
    };
  const log = { atMs, address, event: 'warned', detail: '' } as const;
  return { outgoing: row.id, n, when: ['waiting'], become: { isTold: true }, log };
}
