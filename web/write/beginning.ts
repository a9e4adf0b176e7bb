/** What a page for writing begins with: a draft of the account, one that this browser kept, an answer, or nothing but what its address says. */
import { cleanMail } from '../read/clean.ts';
import { bodyOf, type FullEmail } from '../read/full-email.ts';
import { type OpenMails, wholeMail } from '../read/open-mails.ts';
import type { Answer } from '../read/reading.ts';
import { type AnswerParts, answerTo, quotableText } from './answer.ts';
import { type Draft, draftOf, emptyDraft, htmlOfText } from './draft.ts';
import type { KeptDraft, LocalDrafts } from './local-drafts.ts';
import { type Recipient, readPeople } from './people.ts';

export interface BeginningParts {
  /** Of the page: its address. */
  readonly key: string;
  readonly draft: string | undefined;
  readonly parameters: string;
  readonly mails: OpenMails;
  readonly store: LocalDrafts | undefined;
  /** Left a moment ago, and not saved yet. */
  readonly carried?: KeptDraft | undefined;
  readonly from: Recipient;
  /** All as whom one may write. */
  readonly own: readonly Recipient[];
  readonly messageId: string;
  readonly words: AnswerParts['words'];
  readonly timeOf: (iso: string) => string;
}

export interface Beginning {
  readonly draft: Draft;
  readonly serverId: string | undefined;
  /** Somebody has begun it before. */
  readonly isResumed: boolean;
  /** The account does not have it as it is. */
  readonly isUnsaved?: boolean;
}

const ANSWERS: readonly Answer[] = ['reply', 'replyAll', 'forward', 'forwardAsFile'];

/** Undefined: what it was about is not there. */
export async function beginWriting(parts: BeginningParts): Promise<Beginning | undefined> {
  const { key, draft, store, from, messageId } = parts;
  const kept = parts.carried ?? (await store?.find(key, draft).catch(() => undefined));
  if (kept !== undefined) {
    const isUnsaved = !(kept.isSaved ?? false);
    return { draft: { ...kept.draft, key }, serverId: kept.serverId, isResumed: true, isUnsaved };
  }
  if (draft !== undefined) {
    const email = await wholeMail(parts.mails, draft);
    return (
      email && {
        draft: { ...draftOf(email, key, messageId), from: ownIn(email.from, parts.own) ?? from },
        serverId: draft,
        isResumed: true,
      }
    );
  }
  const said = new URLSearchParams(parts.parameters);
  for (const kind of ANSWERS) {
    const id = said.get(kind);
    if (id === null) continue;
    const email = await wholeMail(parts.mails, id);
    return email && { draft: answerOf(email, kind, parts), serverId: undefined, isResumed: false };
  }
  const fresh = { ...emptyDraft(key, messageId, from), ...addressed(said) };
  return { draft: fresh, serverId: undefined, isResumed: false };
}

/** As `mailto:` says it (RFC 6068 §2). */
function addressed(said: URLSearchParams): Partial<Draft> {
  const people = (name: string): readonly Recipient[] => readPeople(said.get(name) ?? '').people;
  const body = said.get('body') ?? '';
  return {
    ...{ to: people('to'), cc: people('cc'), bcc: people('bcc'), subject: said.get('subject') ?? '' },
    html: body === '' ? '' : htmlOfText(body),
  };
}

function answerOf(email: FullEmail, kind: Answer, parts: BeginningParts): Draft {
  const { key, messageId, words, timeOf, own } = parts;
  // Whoever wrote to an alias is answered by it.
  const from = ownIn([...(email.to ?? []), ...(email.cc ?? [])], own) ?? parts.from;
  const when = timeOf(email.sentAt ?? email.receivedAt);
  return answerTo(email, kind, {
    key,
    messageId,
    from,
    me: [from.email, ...own.map((one) => one.email)],
    body: quotable(email),
    words,
    when,
  });
}

function ownIn(people: readonly Recipient[] | null, own: readonly Recipient[]): Recipient | undefined {
  const among = (people ?? []).map((person) => person.email.toLowerCase());
  return own.find(({ email }) => among.includes(email.toLowerCase()));
}

/** As it came, but for what no mail may have. */
function quotable(email: FullEmail): string {
  const pieces = bodyOf(email);
  const html = pieces.flatMap((piece) => (piece.kind === 'html' ? [piece.html] : [])).join('<hr>');
  if (html === '') return quotableText(pieces);
  const mail = cleanMail(html, { follow: ({ target }) => target });
  if (mail.kind === 'too-large') return quotableText(bodyOf(email, true));
  for (const { source, put } of mail.pictures)
    put(source.kind === 'part' ? `cid:${source.contentId}` : source.url);
  return mail.body.innerHTML;
}
