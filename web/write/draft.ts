/** A mail that is being written: what it is made of, and what the server gets of it (RFC 8621 §4.6). Pure. */
import { bodyOf, type FullEmail } from '../read/full-email.ts';
import type { Recipient } from './people.ts';

export interface DraftFile {
  readonly blobId: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** Of a picture that stands in the text. */
  readonly cid: string | null;
}

export interface Draft {
  /** Of this page; what is kept in the browser is found by it. */
  readonly key: string;
  readonly from: Recipient | undefined;
  readonly to: readonly Recipient[];
  readonly cc: readonly Recipient[];
  readonly bcc: readonly Recipient[];
  readonly subject: string;
  /** What the person writes. */
  readonly html: string;
  /** What is quoted below it, as it came; empty when nothing is. */
  readonly quote: string;
  readonly files: readonly DraftFile[];
  /** It goes as text alone. */
  readonly isPlain?: boolean;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  /** The same for each version, so that a mail that was sent is known again. */
  readonly messageId: string;
  /** What it answers or passes on, and the keyword that says so then. */
  readonly answers: { readonly email: string; readonly keyword: '$answered' | '$forwarded' } | undefined;
}

/** Around what is quoted, so that it is found again in a draft that was kept. */
export const QUOTE_CLASS = 'brevduva-quote';
const OPENING = `<div class="${QUOTE_CLASS}">`;

export function emptyDraft(key: string, messageId: string, from: Recipient | undefined): Draft {
  return {
    ...{ key, from, to: [], cc: [], bcc: [], subject: '', html: '', quote: '', files: [] },
    ...{ inReplyTo: [], references: [], messageId, answers: undefined },
  };
}

/** Nothing that somebody would miss. */
export function isEmpty({ to, cc, bcc, subject, html, files, answers }: Draft): boolean {
  const isBlank = html.replace(/<[^>]*>|&nbsp;|\s/g, '') === '' && !/<img\b/i.test(html);
  const people = [...to, ...cc, ...bcc];
  return (
    isBlank && files.length === 0 && (answers !== undefined || (people.length === 0 && subject.trim() === ''))
  );
}

/** The whole of it as HTML. */
export function wholeHtml({ html, quote }: Pick<Draft, 'html' | 'quote'>): string {
  return quote === '' ? html : `${html}${OPENING}${quote}</div>`;
}

/** The reverse, of a draft that was kept. */
export function splitHtml(whole: string): Pick<Draft, 'html' | 'quote'> {
  const at = whole.indexOf(OPENING);
  if (at < 0 || !whole.endsWith('</div>')) return { html: whole, quote: '' };
  return { html: whole.slice(0, at), quote: whole.slice(at + OPENING.length, -'</div>'.length) };
}

/** For `create` of Email/set. `text` is the same as plain text. */
export function emailOf(draft: Draft, drafts: string, text: string): Readonly<Record<string, unknown>> {
  const { from, to, cc, bcc, subject, files, inReplyTo, references, messageId, isPlain = false } = draft;
  const part = ({ blobId, name, type, cid }: DraftFile): object => ({
    ...{ blobId, name, type },
    ...(cid === null || isPlain ? { disposition: 'attachment' } : { cid, disposition: 'inline' }),
  });
  const list = (people: readonly Recipient[]): readonly Recipient[] | null =>
    people.length === 0 ? null : people;
  return {
    mailboxIds: { [drafts]: true },
    // Nobody has a draft to read.
    keywords: { $draft: true, $seen: true },
    ...{ from: from === undefined ? null : [from], to: list(to), cc: list(cc), bcc: list(bcc), subject },
    // Without, the server makes one.
    ...(messageId === '' ? {} : { messageId: [messageId] }),
    ...(inReplyTo.length === 0 ? {} : { inReplyTo }),
    ...(references.length === 0 ? {} : { references }),
    bodyValues: { ...(!isPlain && { html: { value: wholeHtml(draft) } }), text: { value: text } },
    ...(!isPlain && { htmlBody: [{ partId: 'html', type: 'text/html' }] }),
    textBody: [{ partId: 'text', type: 'text/plain' }],
    ...(files.length === 0 ? {} : { attachments: files.map(part) }),
  };
}

/** A draft of the server, to go on with. `messageId`: for one of another program that has none that can be read. */
export function draftOf(email: FullEmail, key: string, messageId: string): Draft {
  const body = bodyOf(email).find(({ kind }) => kind !== 'picture');
  const whole = body?.kind === 'html' ? body.html : body?.kind === 'text' ? htmlOfText(body.text) : '';
  return {
    ...{ key, from: email.from?.[0], to: email.to ?? [], cc: email.cc ?? [], bcc: email.bcc ?? [] },
    subject: email.subject ?? '',
    ...splitHtml(whole.replace(/\r?\n$/, '')),
    ...(body?.kind === 'text' && body.text !== '' && { isPlain: true }),
    files: email.attachments.flatMap(({ blobId, name, type, size, cid }) =>
      blobId === null ? [] : [{ blobId, name: name ?? 'file', type, size, cid }],
    ),
    inReplyTo: email.references?.slice(-1) ?? [],
    references: email.references ?? [],
    messageId: email.messageId?.[0] || messageId,
    answers: undefined,
  };
}

export function htmlOfText(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => `<div>${line === '' ? '<br>' : escaped(line)}</div>`)
    .join('');
}

export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (char) => names[char] ?? char);
}
