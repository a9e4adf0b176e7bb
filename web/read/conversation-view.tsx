/** A conversation: its subject once, then its mails, the newest open and in view. What is opened is read. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useTexts } from '../shell/app.ts';
import { useCommands } from '../shell/keyboard.tsx';
import { Later } from '../shell/later.tsx';
import { WRITER } from '../shell/parts.ts';
import type { Id } from '../sync/model.ts';
import { Icon } from '../ui/icon.tsx';
import { firstToRead, isDraft, layOut, newestOf, shownEmails, subjectOf } from './conversation.ts';
import { MailCard } from './mail-card.tsx';
import { useReading } from './reading-context.tsx';

export interface ConversationProps {
  readonly thread: Id;
  /** Mails that lie nowhere but there are not part of it. */
  readonly hidden: ReadonlySet<Id>;
  /** Beside the subject: what can be done with all of it. */
  readonly toolbar?: preact.ComponentChildren;
}

export function Conversation({ thread, hidden, toolbar }: ConversationProps) {
  const texts = useTexts().read;
  const reading = useReading();
  const emails = reading.emailsOf(thread);
  const [state, setState] = useState<'there' | 'gone' | 'unreachable'>('there');
  useEffect(() => {
    setState('there');
    reading.load(thread).then(
      (isThere) => setState(isThere ? 'there' : 'gone'),
      () => setState('unreachable'),
    );
  }, [thread]);
  if (emails !== undefined && emails.length > 0)
    return <Mails key={thread} {...{ thread, hidden, toolbar, emails }} />;
  return (
    <section class="conversation">
      <header class="conversation-head">{toolbar}</header>
      <p class="notice">{state === 'gone' ? texts.gone : state === 'unreachable' ? texts.unreachable : ''}</p>
    </section>
  );
}

interface MailsProps extends ConversationProps {
  readonly emails: NonNullable<ReturnType<ReturnType<typeof useReading>['emailsOf']>>;
}

function Mails({ hidden, toolbar, emails }: MailsProps) {
  const texts = useTexts().read;
  const reading = useReading();
  const subject = useRef<HTMLHeadingElement>(null);
  const [turned, setTurned] = useState<ReadonlyMap<Id, boolean>>(new Map());
  const [showsAll, setShowsAll] = useState(false);
  /** Unread when one came here, and whatever has come since. */
  const [fresh, setFresh] = useState<ReadonlySet<Id>>(new Set());
  const written = reading.written.value;
  /** Drafts that were there before: what is written here now has a new id each time that it is saved. */
  const drafts = useMemo(() => new Set(emails.filter(isDraft).map(({ id }) => id)), [written]);
  const there =
    written === undefined
      ? emails
      : emails.filter((email) => !isDraft(email) || (drafts.has(email.id) && email.id !== written.draft));
  const shown = shownEmails(there, hidden);
  const unread = shown.filter((email) => !('$seen' in email.keywords) && !isDraft(email)).map(({ id }) => id);
  const unreadKey = unread.join(' ');
  useLayoutEffect(() => {
    if (unread.length === 0) return;
    setFresh(new Set([...fresh, ...unread]));
    reading.markRead(unread);
  }, [unreadKey]);
  const start = useMemo(() => firstToRead(shown, new Set(unread)), []);
  useLayoutEffect(() => {
    subject.current?.focus({ preventScroll: true });
    if (start !== undefined && start !== shown[0]?.id)
      document.getElementById(`mail-${start}`)?.scrollIntoView({ block: 'start' });
  }, []);
  const mails = shown.filter((email) => !isDraft(email)).map(({ id }) => id);
  useLayoutEffect(() => {
    reading.shown.value = mails;
  }, [mails.join(' ')]);
  const stretches = layOut(there, { hidden, turned, fresh, showsAll });
  const turn = (id: Id, isOpen: boolean): void => setTurned(new Map([...turned, [id, isOpen]]));
  const newest = newestOf(shown);
  return (
    <section class="conversation">
      <header class="conversation-head">
        <h1 ref={subject} tabIndex={-1} dir="auto">
          {subjectOf(shown) || texts.noSubject}
        </h1>
        {toolbar}
      </header>
      <div class="cards">
        {stretches.map((stretch) =>
          stretch.kind === 'card' ? (
            <MailCard
              key={stretch.email.id}
              email={stretch.email}
              isOpen={stretch.isOpen}
              onTurn={(isOpen) => turn(stretch.email.id, isOpen)}
            />
          ) : (
            <button key="more" type="button" class="more-mails" onClick={() => setShowsAll(true)}>
              {texts.moreMails(stretch.count)}
            </button>
          ),
        )}
      </div>
      {written !== undefined ? (
        <Later
          key={`${written.draft} ${written.parameters}`}
          load={WRITER.load}
          name="Writer"
          props={{
            ...written,
            onClose: () => {
              reading.stopWriting();
              subject.current?.focus({ preventScroll: true });
            },
          }}
        />
      ) : (
        newest !== undefined && <AnswerBar email={newest.id} />
      )}
    </section>
  );
}

function AnswerBar({ email }: { readonly email: Id }) {
  const texts = useTexts().read;
  const reading = useReading();
  useCommands({
    reply: () => reading.answer('reply', email),
    replyAll: () => reading.answer('replyAll', email),
    forward: () => reading.answer('forward', email),
  });
  return (
    <footer class="answer-bar">
      <button type="button" class="button" onClick={() => reading.answer('reply', email)}>
        <Icon name="reply" />
        {texts.reply}
      </button>
      <button type="button" class="button" onClick={() => reading.answer('replyAll', email)}>
        <Icon name="replyAll" />
        {texts.replyAll}
      </button>
      <button type="button" class="button" onClick={() => reading.answer('forward', email)}>
        <Icon name="forwardMail" />
        {texts.forward}
      </button>
    </footer>
  );
}
