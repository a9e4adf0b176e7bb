/** Deleted mail: searched, chosen, brought back; mailboxes that were deleted; everything since a moment. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useApp, useDesk } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { DeletedMail, type DeletedMailbox, type DeletedPage as Page } from './deleted-mail.ts';
import { DeletedRow, useWhen } from './deleted-row.tsx';
import { MomentForm } from './moment.tsx';
import { Section } from './space-parts.tsx';
import { useSpaceTexts, WithSpaceTexts } from './space-texts.tsx';
import { type DeletedDeeds, useDeletedDeeds } from './use-deleted.ts';

/** From the last letter to the question. */
const PAUSE_MS = 250;

export function DeletedPage() {
  return (
    <WithSpaceTexts>
      <Deleted />
    </WithSpaceTexts>
  );
}

function Deleted() {
  const { sync } = useDesk();
  const texts = useSpaceTexts();
  const deleted = useMemo(() => new DeletedMail(sync.client), [sync]);
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const deeds = useDeletedDeeds(deleted, () => {
    chosen.value = new Set();
  });
  useEffect(() => void deleted.look(), [deleted]);
  const page = deleted.page.value;
  if (page === undefined)
    return deleted.isLost.value ? <p class="notice wrong">{texts.unreachable}</p> : null;
  const days = Math.floor(page.keptForDays);
  if (days === 0) return <p class="hint">{texts.notKept}</p>;
  const isEmpty = page.total === 0 && page.mailboxes.length === 0;
  return (
    <div class="space-page">
      <div class="deleted-head">
        <p class="hint">{texts.recoverable(texts.days(days))}</p>
        {isEmpty && deleted.words === '' ? null : <SearchField deleted={deleted} chosen={chosen} />}
      </div>
      {isEmpty ? (
        <p class="deleted-none" role="status">
          {deleted.words === '' ? texts.nothing : texts.nothingFound(deleted.words)}
        </p>
      ) : null}
      <Mailboxes mailboxes={page.mailboxes} deeds={deeds} />
      {page.total === 0 ? null : <Mails {...{ page, deleted, deeds, chosen }} />}
      {isEmpty || deleted.words !== '' ? null : (
        <>
          <MomentForm deleted={deleted} deeds={deeds} />
          <p class="settings-after">
            <button
              type="button"
              class="button danger"
              onClick={() => deeds.forget({ filter: { before: page.asOf } }, allOf(page, texts))}
            >
              {texts.forgetAll}
            </button>
          </p>
        </>
      )}
    </div>
  );
}

function allOf({ total, mailboxes }: Page, texts: ReturnType<typeof useSpaceTexts>): string {
  return texts.mails(mailboxes.reduce((sum, { emails }) => sum + emails, total));
}

interface SearchFieldProps {
  readonly deleted: DeletedMail;
  readonly chosen: Signal<ReadonlySet<string>>;
}

function SearchField({ deleted, chosen }: SearchFieldProps) {
  const texts = useSpaceTexts();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <input
      class="input"
      type="search"
      placeholder={texts.seek}
      aria-label={texts.seek}
      maxLength={200}
      onInput={({ currentTarget: { value } }) => {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => {
          chosen.value = new Set();
          void deleted.look(value);
        }, PAUSE_MS);
      }}
    />
  );
}

interface MailboxesProps {
  readonly mailboxes: readonly DeletedMailbox[];
  readonly deeds: DeletedDeeds;
}

function Mailboxes({ mailboxes, deeds }: MailboxesProps) {
  const { formats } = useApp();
  const texts = useSpaceTexts();
  const when = useWhen();
  if (mailboxes.length === 0) return null;
  return (
    <Section title={texts.deletedMailboxes}>
      <ul>
        {mailboxes.map(({ id, mailbox, emails, size, deletedAt }) => (
          <li key={id} class="setting">
            <span>
              <span dir="auto">{mailbox}</span>
              <small>{texts.mailboxHolds(texts.mails(emails), formats.value.size(size))}</small>
              <small>{texts.deletedWhen(when(deletedAt))}</small>
            </span>
            <button
              type="button"
              class="button"
              aria-label={texts.bringBackOne(mailbox)}
              onClick={() => void deeds.bringBack({ ids: [id] }, mailbox)}
            >
              {texts.bringBack}
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface MailsProps extends SearchFieldProps {
  readonly page: Page;
  readonly deeds: DeletedDeeds;
}

function Mails({ page, deleted, deeds, chosen }: MailsProps) {
  const { formats } = useApp();
  const texts = useSpaceTexts();
  const toggle = (id: string): void => {
    const next = new Set(chosen.peek());
    if (!next.delete(id)) next.add(id);
    chosen.value = next;
  };
  return (
    <Section title={texts.deletedMails} hint={texts.found(page.total, formats.value.size(page.totalSize))}>
      {page.isAll ? null : <p class="hint">{texts.notAll}</p>}
      <Choosing {...{ page, deeds, chosen }} />
      <ul class="deleted-list">
        {page.list.map((one) => (
          <DeletedRow
            key={one.id}
            one={one}
            isChosen={chosen.value.has(one.id)}
            onChoose={() => toggle(one.id)}
            onBringBack={() => void deeds.bringBack({ ids: [one.id] })}
          />
        ))}
      </ul>
      {page.list.length < page.total ? (
        <p class="settings-after">
          <button type="button" class="button" onClick={() => void deleted.more()}>
            {texts.more}
          </button>
        </p>
      ) : null}
    </Section>
  );
}

/** What can be done to those that are chosen: it stays in view. */
function Choosing({ page, deeds, chosen }: Omit<MailsProps, 'deleted'>) {
  const texts = useSpaceTexts();
  const ids = [...chosen.value];
  const isAll = ids.length === page.list.length;
  return (
    <div class="deleted-bar" role="toolbar" aria-label={texts.selected(ids.length)}>
      <button
        type="button"
        class="button quiet"
        onClick={() => {
          chosen.value = new Set(isAll ? [] : page.list.map(({ id }) => id));
        }}
      >
        {isAll ? texts.selectNone : texts.selectAll}
      </button>
      {ids.length === 0 ? null : (
        <>
          <span role="status">{texts.selected(ids.length)}</span>
          <button type="button" class="button primary" onClick={() => void deeds.bringBack({ ids })}>
            <Icon name="undo" />
            {texts.bringBack}
          </button>
          <button
            type="button"
            class="button danger"
            onClick={() => deeds.forget({ ids }, texts.mails(ids.length))}
          >
            {texts.forget}
          </button>
        </>
      )}
    </div>
  );
}
