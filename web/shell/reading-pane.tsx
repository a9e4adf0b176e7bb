/** The conversation that is open, with what can be done to it; or, beside a list, the pigeon that waits. */
import { useComputed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Deed } from '../list/deeds.ts';
import { scopeOf } from '../list/scope.ts';
import type { Id } from '../sync/model.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import { Mark } from '../ui/mark.tsx';
import { useApp, useDesk, useTexts } from './app.ts';
import { doAsked } from './doing.ts';
import { Later } from './later.tsx';
import { READER } from './parts.ts';
import { type Place, threadAt } from './places.ts';

const NOTHING: ReadonlySet<Id> = new Set();

export function ReadingPane({ place }: { readonly place: Place }) {
  const { sync } = useDesk();
  const { shell } = useTexts();
  const thread = threadAt(place);
  const scope = useComputed(() => scopeOf(place, sync.cache.mailboxes.value, new Date()));
  if (thread === undefined)
    return (
      <section class="reading idle" aria-label={shell.nothingOpen}>
        <Mark size={96} />
      </section>
    );
  const { hidden = NOTHING, mailbox } = scope.value ?? {};
  return (
    <section class="reading">
      <Later
        key={thread}
        load={READER.load}
        name="Reader"
        props={{ thread, hidden, toolbar: <Toolbar thread={thread} mailbox={mailbox?.id} /> }}
      />
    </section>
  );
}

function Toolbar({ thread, mailbox }: { readonly thread: Id; readonly mailbox: Id | undefined }) {
  const { router, device } = useApp();
  const desk = useDesk();
  const { deeds: texts, shell } = useTexts();
  const isStarred = desk.sync.cache.emailsOf(thread).some(({ keywords }) => '$flagged' in keywords);
  const row = desk.sync.cache.thread(thread).value?.emailIds;
  useEffect(() => {
    const cursor = desk.selection.cursor.peek();
    if (row !== undefined && (cursor === undefined || !row.includes(cursor))) desk.selection.at(row.at(-1));
  }, [thread]);
  const act = (deed: Deed, leaves: boolean): void => {
    doAsked(desk, texts, deed, { threads: [thread], mailbox }, () => {
      if (leaves) router.back();
    });
  };
  const button = (deed: Deed, icon: IconName, leaves: boolean, isFilled = false) =>
    desk.deeds.fits(deed, mailbox) ? (
      <button
        key={deed}
        type="button"
        class="icon-button"
        title={texts[deed]}
        aria-label={texts[deed]}
        onClick={() => act(deed, leaves)}
      >
        <Icon name={icon} filled={isFilled} />
      </button>
    ) : null;
  return (
    <div class="toolbar" role="toolbar" aria-label={texts.more}>
      {device.width.value === 'phone' ? (
        <button
          type="button"
          class="icon-button toolbar-back"
          aria-label={shell.back}
          onClick={() => router.back()}
        >
          <Icon name="back" />
        </button>
      ) : null}
      {button('archive', 'archive', true)}
      {button('inbox', 'inbox', true)}
      {button('delete', 'trash', true)}
      {button('junk', 'junk', true)}
      {button('notJunk', 'inbox', true)}
      {button('unread', 'unread', true)}
      {button(isStarred ? 'unstar' : 'star', 'star', false, isStarred)}
      {desk.deeds.canSnooze(mailbox) ? (
        <button
          type="button"
          class="icon-button"
          title={texts.snooze}
          aria-label={texts.snooze}
          onClick={() =>
            desk.ask({ kind: 'snooze', chosen: { threads: [thread], mailbox }, done: () => router.back() })
          }
        >
          <Icon name="clock" />
        </button>
      ) : null}
      <button
        type="button"
        class="icon-button"
        title={texts.move}
        aria-label={texts.move}
        onClick={() =>
          desk.ask({ kind: 'move', chosen: { threads: [thread], mailbox }, done: () => router.back() })
        }
      >
        <Icon name="move" />
      </button>
    </div>
  );
}
