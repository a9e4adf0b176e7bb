/** What can be done to the selected rows; on a phone it lies where the bar was. */
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { doAsked } from '../shell/doing.ts';
import { threadAt } from '../shell/places.ts';
import type { MailList } from '../sync/mail-list.ts';
import type { Id } from '../sync/model.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import type { Deed } from './deeds.ts';
import { selectAll } from './select-all.ts';

interface SelectionBarProps {
  readonly list: MailList;
  readonly mailbox: Id | undefined;
}

export function SelectionBar({ list, mailbox }: SelectionBarProps) {
  const { device, router } = useApp();
  const desk = useDesk();
  const { deeds: texts, list: words } = useTexts();
  const { selection, sync } = desk;
  const ids = [...selection.chosen.value];
  if (ids.length === 0) return null;
  const threads = ids.flatMap((id) => sync.cache.email(id).value?.threadId ?? []);
  const chosen = { threads, mailbox };
  const isAnyUnread = threads.some((thread) =>
    sync.cache.emailsOf(thread).some(({ keywords }) => !('$seen' in keywords)),
  );
  const hasWords = device.width.value === 'phone';
  const button = (deed: Deed, icon: IconName, leaves = true) =>
    desk.deeds.fits(deed, mailbox) ? (
      <button
        key={deed}
        type="button"
        class={hasWords ? 'bottom-link' : 'icon-button'}
        title={texts[deed]}
        aria-label={texts[deed]}
        onClick={() =>
          doAsked(desk, texts, deed, chosen, () => {
            if (!leaves) return;
            selection.clear();
            if (threads.includes(threadAt(router.place.peek()) ?? '')) router.back();
          })
        }
      >
        <Icon name={icon} />
      </button>
    ) : null;
  return (
    <div class="selection-bar" role="toolbar" aria-label={words.selected(ids.length)}>
      <button
        type="button"
        class="icon-button"
        aria-label={words.selectNone}
        onClick={() => selection.clear()}
      >
        <Icon name="close" />
      </button>
      <span class="selection-count" role="status">
        {words.selected(ids.length)}
      </span>
      <button type="button" class="button quiet select-all" onClick={() => void selectAll(list, selection)}>
        {words.selectAll}
      </button>
      <span class="selection-deeds">
        {button('archive', 'archive') ?? button('inbox', 'inbox')}
        {button('delete', 'trash')}
        {button(isAnyUnread ? 'read' : 'unread', isAnyUnread ? 'read' : 'unread', false)}
        {button('junk', 'junk') ?? button('notJunk', 'inbox')}
        {desk.deeds.canSnooze(mailbox) ? (
          <button
            type="button"
            class={hasWords ? 'bottom-link' : 'icon-button'}
            title={texts.snooze}
            aria-label={texts.snooze}
            onClick={() => desk.ask({ kind: 'snooze', chosen, done: () => selection.clear() })}
          >
            <Icon name="clock" />
          </button>
        ) : null}
        <button
          type="button"
          class={hasWords ? 'bottom-link' : 'icon-button'}
          title={texts.move}
          aria-label={texts.move}
          onClick={() => desk.ask({ kind: 'move', chosen, done: () => selection.clear() })}
        >
          <Icon name="move" />
        </button>
      </span>
    </div>
  );
}
