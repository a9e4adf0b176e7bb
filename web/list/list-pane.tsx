/** A list with what stands above it: the name of the place or the search, and what can be done to the selected rows. */
import { useEffect, useMemo } from 'preact/hooks';
import { SearchHead } from '../search/search-head.tsx';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Later } from '../shell/later.tsx';
import { OutboxLines, UpdateLine, WaitingLine } from '../shell/notice-line.tsx';
import type { Place } from '../shell/places.ts';
import { SpaceLine } from '../shell/space.tsx';
import type { MailList } from '../sync/mail-list.ts';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { ConversationList } from './conversation-list.tsx';
import { Empty } from './empty.tsx';
import { badgeOf, roleName } from './mailbox-name.ts';
import { type Scope, STARRED, scopeOf } from './scope.ts';
import { SelectionBar } from './selection-bar.tsx';

/** Rows that one does not scroll through to find a day. */
const LONG = 200;

interface ListPaneProps {
  readonly place: Place;
  readonly onMenu: () => void;
}

export function ListPane({ place, onMenu }: ListPaneProps) {
  const { preferences } = useApp();
  const { sync, selection } = useDesk();
  const mailboxes = sync.cache.mailboxes.value;
  const key = place.at === 'search' ? `?${place.query}` : place.at === 'mailbox' ? place.mailbox : '';
  // The same question is the same list, whatever else of the mailboxes changes.
  const scope = useMemo(() => scopeOf(place, mailboxes, new Date()), [key, [...mailboxes.keys()].join()]);
  const isCollapsed = preferences.choices.value.conversations;
  const isAsked = place.at !== 'search' || place.query.trim() !== '';
  const list = useMemo(
    () => (scope === undefined || !isAsked ? undefined : sync.list(scope.filter, isCollapsed)),
    [scope, isCollapsed, isAsked],
  );
  useEffect(() => {
    selection.clear();
    selection.at(undefined);
    if (list === undefined) return;
    void list.need(0, 1);
    if (list.rows.peek().total !== undefined) void list.refresh().catch(() => {});
  }, [list]);
  return (
    <section class="list-pane" aria-labelledby="list-name">
      {place.at === 'search' ? (
        <SearchHead query={place.query} list={list} />
      ) : (
        <PlaceHead scope={scope} list={list} onMenu={onMenu} />
      )}
      <WaitingLine />
      <SpaceLine />
      <OutboxLines />
      <UpdateLine />
      {scope !== undefined && list !== undefined ? (
        <>
          <SelectionBar list={list} mailbox={scope.mailbox?.id} />
          {scope.mailbox?.role === 'trash' || scope.mailbox?.role === 'junk' ? (
            <Later
              key={scope.mailbox.id}
              load={() => import('../space/trash-line.tsx')}
              name="TrashLine"
              props={{ mailbox: scope.mailbox.id }}
            />
          ) : null}
          {scope.mailbox?.role === 'inbox' ? (
            <Later
              load={() => import('../snooze/back-again.tsx')}
              name="BackAgain"
              props={{ place, scope }}
            />
          ) : null}
          <ConversationList key={key} place={place} scope={scope} list={list} />
        </>
      ) : null}
      {scope === undefined && mailboxes.size > 0 ? <Empty kind="noMailbox" /> : null}
    </section>
  );
}

interface PlaceHeadProps {
  readonly scope: Scope | undefined;
  readonly list: MailList | undefined;
  readonly onMenu: () => void;
}

function PlaceHead({ scope, list: rows, onMenu }: PlaceHeadProps) {
  const { device, formats } = useApp();
  const { list, shell } = useTexts();
  const { sync, commands } = useDesk();
  const mailbox = scope?.mailbox && sync.cache.mailboxes.value.get(scope.mailbox.id);
  const count = mailbox === undefined ? 0 : badgeOf(mailbox);
  const name =
    scope?.kind === 'starred' ? list.roles[STARRED] : scope?.mailbox && roleName(scope.mailbox, list);
  return (
    <header class="list-head">
      {device.width.value === 'tablet' ? (
        <button type="button" class="icon-button" aria-label={shell.menu} onClick={onMenu}>
          <Icon name="menu" />
        </button>
      ) : null}
      <h1 id="list-name">
        <span dir="auto">{name}</span>
        {count > 0 ? (
          <>
            <span class="list-count" aria-hidden="true">
              {formats.value.number(count)}
            </span>
            <span class="unseen">{list.unreadCount(count)}</span>
          </>
        ) : null}
      </h1>
      {(rows?.rows.value.total ?? 0) > LONG ? (
        <button
          type="button"
          class="icon-button"
          aria-label={shell.keys.goDate}
          title={shell.keys.goDate}
          onClick={() => commands.run('goDate')}
        >
          <Icon name="calendar" />
        </button>
      ) : null}
      {device.width.value === 'phone' ? null : (
        <Link place={{ at: 'search', query: '' }} class="search-link">
          <Icon name="search" />
          <span>{shell.search}</span>
        </Link>
      )}
    </header>
  );
}
