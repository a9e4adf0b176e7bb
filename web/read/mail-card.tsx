/** One mail of a conversation: a line when it is folded, else who, to whom, when and how sure that is, what it says, and what can be done. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Desk } from '../shell/desk.ts';
import { Later } from '../shell/later.tsx';
import type { Email } from '../sync/model.ts';
import type { Texts } from '../text/en.ts';
import { Icon } from '../ui/icon.tsx';
import { avatarOf } from './avatar.ts';
import { CardMenu } from './card-menu.tsx';
import type { FullEmail } from './full-email.ts';
import { MailBody } from './mail-body.tsx';
import { MailFields } from './mail-fields.tsx';
import { isMe, nameOf, recipientsOf } from './people.ts';
import { useReading } from './reading-context.tsx';
import { Doubts, FirstContactWord, TrustWord } from './sender-line.tsx';
import { isPlainFirstContact, senderDoubts, type TrustFacts, trustOf } from './trust.ts';

export interface MailCardProps {
  readonly email: Email;
  readonly isOpen: boolean;
  readonly onTurn: (isOpen: boolean) => void;
}

export function MailCard({ email, isOpen, onTurn }: MailCardProps) {
  return isOpen ? (
    <OpenCard email={email} onFold={() => onTurn(false)} />
  ) : (
    <FoldedCard {...{ email, onTurn }} />
  );
}

function FoldedCard({ email, onTurn }: Omit<MailCardProps, 'isOpen'>) {
  const texts = useTexts().read;
  const { formats } = useApp();
  const sender = email.from?.[0];
  const who = sender === undefined ? texts.nobody : nameOf(sender);
  const when = formats.value.listTime(email.receivedAt, new Date());
  const isDraft = '$draft' in email.keywords;
  return (
    <article class="card folded" id={`mail-${email.id}`}>
      <button type="button" onClick={() => onTurn(true)} aria-expanded="false">
        <Avatar name={who} address={sender?.email ?? ''} />
        <span class="card-who" dir="auto">
          {isDraft ? <span class="draft-word">{texts.draft}</span> : who}
        </span>
        <span class="card-preview" dir="auto">
          {email.preview}
        </span>
        {email.hasAttachment && <Icon name="clip" />}
        <time dateTime={email.receivedAt}>{when}</time>
      </button>
    </article>
  );
}

function Avatar({ name, address }: { readonly name: string; readonly address: string }) {
  const { letter, hue } = avatarOf(name, address);
  return (
    <span class={`avatar hue-${hue}`} aria-hidden="true">
      {letter}
    </span>
  );
}

function OpenCard({ email, onFold }: { readonly email: Email; readonly onFold: () => void }) {
  const texts = useTexts().read;
  const { mails } = useReading();
  const open = mails.open(email.id).value;
  return (
    <article class="card open" id={`mail-${email.id}`} aria-busy={open.state === 'loading'}>
      {open.state === 'there' ? (
        <LoadedMail email={email} full={open.email} onFold={onFold} />
      ) : (
        <>
          <WaitingHead email={email} />
          {open.state === 'loading' && <p class="loading">{texts.loading}</p>}
          {open.state === 'gone' && <p class="notice">{texts.gone}</p>}
          {open.state === 'unreachable' && (
            <p class="notice wrong">
              {texts.unreachable}{' '}
              <button type="button" class="button quiet" onClick={() => mails.again(email.id)}>
                {texts.again}
              </button>
            </p>
          )}
        </>
      )}
    </article>
  );
}

/** As much as is known before the text has come, so that nothing jumps. */
function WaitingHead({ email }: { readonly email: Email }) {
  const texts = useTexts().read;
  const sender = email.from?.[0];
  const who = sender === undefined ? texts.nobody : nameOf(sender);
  return (
    <header class="card-head">
      <Avatar name={who} address={sender?.email ?? ''} />
      <span class="card-who" dir="auto">
        {who}
      </span>
    </header>
  );
}

interface LoadedProps {
  readonly email: Email;
  readonly full: FullEmail;
  readonly onFold: () => void;
}

function LoadedMail({ email, full, onFold }: LoadedProps) {
  const texts = useTexts().read;
  const reading = useReading();
  const [hasFields, showFields] = useState(false);
  const [wantsText, wantText] = useState(false);
  const facts = trustFacts(full, reading.me.value, reading.hostname.value);
  const trust = trustOf(facts);
  return (
    <>
      <header class="card-head">
        <Avatar name={senderOf(full, texts)} address={full.from?.[0]?.email ?? ''} />
        <SenderLine full={full} onFold={onFold} />
        <CardSide email={email} full={full} wantsText={wantsText} onWantText={wantText} />
        <div class="card-line card-more">
          <RecipientsLine full={full} isOpen={hasFields} onTurn={() => showFields(!hasFields)} />
          <TrustWord trust={trust} />
          {isPlainFirstContact(facts) && <FirstContactWord />}
        </div>
      </header>
      {hasFields && <MailFields email={full} />}
      {liesIn(useDesk().sync, email, 'scheduled') && (
        <Later load={() => import('../write/held-mail.tsx')} name="HeldMail" props={{ email }} />
      )}
      {liesIn(useDesk().sync, email, 'snoozed') && (
        <Later load={() => import('../snooze/snoozed-line.tsx')} name="SnoozedLine" props={{ email }} />
      )}
      <Doubts doubts={senderDoubts(facts)} />
      {full['header:List-Unsubscribe:asURLs'] && !facts.isPhishing && (
        <Later load={() => import('./unsubscribe-line.tsx')} name="UnsubscribeLine" props={{ full }} />
      )}
      <MailBody email={full} trust={trust} isDead={facts.isPhishing} wantsText={wantsText} />
      {'$draft' in email.keywords && (
        <button type="button" class="button primary" onClick={() => reading.continueDraft(email.id)}>
          <Icon name="draft" />
          {texts.continueDraft}
        </button>
      )}
    </>
  );
}

function senderOf({ from }: Pick<FullEmail, 'from'>, texts: Texts['read']): string {
  return from?.[0] === undefined ? texts.nobody : nameOf(from[0]);
}

/** An address that is too long for its line goes on after its `@`. */
function parted(who: string): ComponentChildren {
  const at = who.indexOf('@') + 1;
  return [who.slice(0, at), <wbr key="at" />, who.slice(at)];
}

/** The name folds the mail again; the address is always beside it. */
function SenderLine({ full, onFold }: { readonly full: FullEmail; readonly onFold: () => void }) {
  const texts = useTexts().read;
  const who = senderOf(full, texts);
  const address = full.from?.[0]?.email ?? '';
  return (
    <div class="card-line">
      <button type="button" class="card-who" dir="auto" onClick={onFold} title={texts.closeMail}>
        {parted(who)}
      </button>
      {address !== '' && who !== address && (
        <span class="card-address" dir="ltr">
          {address}
        </span>
      )}
    </div>
  );
}

interface RecipientsProps {
  readonly full: FullEmail;
  readonly isOpen: boolean;
  readonly onTurn: () => void;
}

function RecipientsLine({ full, isOpen, onTurn }: RecipientsProps) {
  const texts = useTexts().read;
  const { me } = useReading();
  const all = [...(full.to ?? []), ...(full.cc ?? []), ...(full.bcc ?? [])];
  return (
    <button
      type="button"
      class="card-to"
      aria-expanded={isOpen}
      onClick={onTurn}
      title={isOpen ? texts.hideDetails : texts.details}
    >
      <span dir="auto">{texts.to(recipientsOf(all, me.value, texts.me) || texts.nobody)}</span>
      <Icon name={isOpen ? 'up' : 'down'} />
    </button>
  );
}

interface SideProps extends Omit<LoadedProps, 'onFold'> {
  readonly wantsText: boolean;
  readonly onWantText: (wantsText: boolean) => void;
}

function CardSide({ email, full, wantsText, onWantText }: SideProps) {
  const texts = useTexts().read;
  const { formats } = useApp();
  const reading = useReading();
  const isStarred = '$flagged' in email.keywords;
  return (
    <div class="card-side">
      <time dateTime={full.receivedAt} title={formats.value.fullTime(full.sentAt ?? full.receivedAt)}>
        {formats.value.listTime(full.receivedAt, new Date())}
      </time>
      <button
        type="button"
        class={isStarred ? 'icon-button starred' : 'icon-button'}
        aria-pressed={isStarred}
        aria-label={isStarred ? texts.unstar : texts.star}
        onClick={() => reading.star(email.id, !isStarred)}
      >
        <Icon name="star" filled={isStarred} />
      </button>
      <CardMenu full={full} wantsText={wantsText} onWantText={onWantText} />
    </div>
  );
}

function trustFacts(full: FullEmail, me: readonly string[], hostname: string | undefined): TrustFacts {
  const from = full.from ?? [];
  const results = full['header:Authentication-Results:asText:all'] ?? [];
  const isFromMe = from.some((person) => isMe(person, me));
  return {
    ...{ from, replyTo: full.replyTo ?? [], results, hostname },
    isPhishing: '$phishing' in full.keywords,
    // Whoever writes in the reader's name from outside has been checked; what came from here has not.
    isOwn: isFromMe && results.length === 0,
    firstContact: isFromMe ? null : (full.firstContact ?? null),
  };
}

/** `scheduled`, `snoozed`: it waits for its time. */
function liesIn({ cache }: Desk['sync'], { mailboxIds }: Email, role: string): boolean {
  const mailbox = cache.byRole(role)?.id;
  return mailbox !== undefined && mailbox in mailboxIds;
}
