/** The draft that answers a mail, or passes it on: to whom, about what, with what is quoted. Pure. */
import { bareSubject } from '../read/conversation.ts';
import type { BodyPiece, FullEmail } from '../read/full-email.ts';
import { nameOf, wholeOf } from '../read/people.ts';
import type { Answer } from '../read/reading.ts';
import { type Draft, type DraftFile, emptyDraft, escaped, htmlOfText } from './draft.ts';
import { type Recipient, without, withPeople } from './people.ts';

export interface AnswerParts {
  readonly key: string;
  readonly messageId: string;
  readonly from: Recipient | undefined;
  /** The person's own addresses. */
  readonly me: readonly string[];
  /** What is quoted, cleaned. */
  readonly body: string;
  readonly words: {
    /** "On <when>, <who> wrote:" */
    readonly wrote: (who: string, when: string) => string;
    readonly forwarded: string;
    readonly fields: {
      readonly from: string;
      readonly date: string;
      readonly subject: string;
      readonly to: string;
    };
  };
  readonly when: string;
}

/** Of a References field (RFC 5322 §3.6.4): the first, which began it, and the last ones. */
const MAX_REFERENCES = 40;

export function answerTo(email: FullEmail, kind: Answer, parts: AnswerParts): Draft {
  const draft = emptyDraft(parts.key, parts.messageId, parts.from);
  const subject = bareSubject(email.subject ?? '');
  if (kind === 'reply' || kind === 'replyAll') {
    return {
      ...draft,
      ...(kind === 'reply' ? { to: replyTo(email, parts.me) } : everybody(email, parts.me)),
      ...threading(email),
      // The same word in every language, so that every program knows it.
      subject: `Re: ${subject}`.trim(),
      quote: quoted(email, parts),
      answers: { email: email.id, keyword: '$answered' },
    };
  }
  const isFile = kind === 'forwardAsFile';
  return {
    ...draft,
    subject: `Fwd: ${subject}`.trim(),
    quote: isFile ? '' : forwarded(email, parts),
    files: isFile ? [wholeMail(email, subject)] : filesOf(email),
    answers: { email: email.id, keyword: '$forwarded' },
  };
}

/** An answer to one's own mail goes on to those it went to. */
function replyTo(email: FullEmail, me: readonly string[]): readonly Recipient[] {
  const wanted = email.replyTo?.length ? email.replyTo : (email.from ?? []);
  const others = without(wanted, me);
  if (others.length > 0) return withPeople([], others);
  const to = without(email.to ?? [], me);
  return withPeople([], to.length > 0 ? to : wanted);
}

function everybody(email: FullEmail, me: readonly string[]): Pick<Draft, 'to' | 'cc'> {
  const to = withPeople(replyTo(email, me), without(email.to ?? [], me));
  const addresses = [...me, ...to.map((person) => person.email)];
  return { to, cc: withPeople([], without(email.cc ?? [], addresses)) };
}

function threading(email: FullEmail): Pick<Draft, 'inReplyTo' | 'references'> {
  const before = email.references ?? [];
  const all = [...before, ...(email.messageId ?? [])];
  const references =
    all.length <= MAX_REFERENCES ? all : [...all.slice(0, 1), ...all.slice(1 - MAX_REFERENCES)];
  return { inReplyTo: email.messageId ?? [], references };
}

function quoted(email: FullEmail, { body, words, when }: AnswerParts): string {
  const who = email.from?.[0] === undefined ? '' : nameOf(email.from[0]);
  return `<div>${escaped(words.wrote(who, when))}</div><blockquote type="cite">${body}</blockquote>`;
}

function forwarded(email: FullEmail, { body, words, when }: AnswerParts): string {
  const rows = [
    [words.fields.from, (email.from ?? []).map(wholeOf).join(', ')],
    [words.fields.date, when],
    [words.fields.subject, email.subject ?? ''],
    [words.fields.to, (email.to ?? []).map(wholeOf).join(', ')],
  ].map(([name = '', value = '']) => `<div><b>${escaped(name)}:</b> ${escaped(value)}</div>`);
  return `<div>---------- ${escaped(words.forwarded)} ----------</div>${rows.join('')}<br>${body}`;
}

function filesOf(email: FullEmail): DraftFile[] {
  return email.attachments.flatMap(({ blobId, name, type, size, cid, disposition }) =>
    blobId === null
      ? []
      : [{ blobId, name: name ?? 'file', type, size, cid: disposition === 'inline' ? cid : null }],
  );
}

function wholeMail(email: FullEmail, subject: string): DraftFile {
  const name = `${
    subject
      .replace(/[/\\:*?"<>|\s\p{Cc}\p{Cf}]+/gu, ' ')
      .trim()
      .slice(0, 80) || 'mail'
  }.eml`;
  return { blobId: email.blobId, name, type: 'message/rfc822', size: email.size, cid: null };
}

/** A body to be quoted, when it is no HTML. */
export function quotableText(pieces: readonly BodyPiece[]): string {
  return pieces.flatMap((piece) => (piece.kind === 'text' ? [htmlOfText(piece.text)] : [])).join('');
}
