/** One row: who, when, what about; a star, a swipe, what can be done when one points at it. */
import { useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Snippet } from '../search/snippet.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { doAsked } from '../shell/doing.ts';
import { addressOf, type Place, threadAt } from '../shell/places.ts';
import type { SwipeDeed } from '../shell/preferences.ts';
import type { MailList } from '../sync/mail-list.ts';
import type { Id } from '../sync/model.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import { isForTheBrowser } from '../ui/link.tsx';
import { type Chosen, type Deed, LEAVING } from './deeds.ts';
import { hueOf, initialsOf, type Row, rowOf } from './row.ts';
import { RowText } from './row-text.tsx';
import type { Scope } from './scope.ts';
import { useSwipe } from './use-swipe.tsx';

export interface RowProps {
  readonly id: Id;
  readonly place: Place;
  readonly scope: Scope;
  readonly list: MailList;
  readonly snippet: Snippet | undefined;
}

const SWIPE_ICONS: Readonly<Record<SwipeDeed, IconName>> = {
  archive: 'archive',
  delete: 'trash',
  read: 'read',
  none: 'close',
};

export function ListRow(props: RowProps) {
  const { id, place, scope } = props;
  const { sync, me } = useDesk();
  const row = useComputed(() => {
    const email = sync.cache.email(id).value;
    return email && rowOf(email, sync.cache.emailsOf(email.threadId), { me, ...scope });
  });
  if (row.value === undefined) return <span class="row-missing" />;
  return <KnownRow {...props} row={row.value} isOpen={threadAt(place) === row.value.thread} />;
}

function KnownRow({
  id,
  place,
  scope,
  list,
  snippet,
  row,
  isOpen,
}: RowProps & { readonly row: Row; readonly isOpen: boolean }) {
  const { router, device } = useApp();
  const desk = useDesk();
  const { selection } = desk;
  const isChosen = useComputed(() => selection.chosen.value.has(id));
  const isSelecting = useComputed(() => selection.chosen.value.size > 0);
  const isCursor = useComputed(() => selection.cursor.value === id);
  const link = useRef<HTMLAnchorElement>(null);
  const chosen = { threads: [row.thread], mailbox: scope.mailbox?.id };
  const deeds = useDeeds(row, scope, { chosen, isOpen });
  const swipe = useSwipe({
    sides: { right: deeds.right !== undefined, left: deeds.left !== undefined },
    onSwipe: (side) => (side === 'right' ? deeds.right : deeds.left)?.run(),
    onHold: () => selection.toggle(id),
  });
  useReturn(link, isCursor.value && !isOpen && threadAt(place) === undefined);
  const to = { ...place, thread: row.thread } as Place;
  const open = (event: MouseEvent): void => {
    if (swipe.wasMoved() || isForTheBrowser(event)) {
      if (!event.shiftKey) return;
      event.preventDefault();
      selection.extend(id, list.rows.peek().ids);
      return;
    }
    event.preventDefault();
    if (isSelecting.value && device.width.peek() === 'phone') {
      selection.toggle(id);
      return;
    }
    selection.at(id);
    // One goes on with a draft of one's own where it was left.
    if (row.isDraft && row.count === 1) {
      router.go({ at: 'write', draft: id, parameters: '' });
      return;
    }
    (threadAt(place) === undefined ? router.go : router.replace).call(router, to);
  };
  const classes = ['row', row.isUnread && 'unread', isChosen.value && 'chosen', isOpen && 'open'].filter(
    Boolean,
  );
  return (
    <div class={classes.join(' ')} data-cursor={isCursor.value || undefined} {...swipe.handlers}>
      <SwipeGround
        side={swipe.side.value}
        isPast={swipe.isPast.value}
        deed={swipe.side.value === 'right' ? deeds.right : deeds.left}
      />
      <div class="row-front" style={swipe.style.value}>
        <Pick
          row={row}
          isChosen={isChosen.value}
          onPick={(event) =>
            event.shiftKey ? selection.extend(id, list.rows.peek().ids) : selection.toggle(id)
          }
        />
        <a
          ref={link}
          class="row-link"
          href={addressOf(to)}
          onClick={open}
          aria-current={isOpen ? 'true' : undefined}
        >
          <RowText row={row} snippet={snippet} isOutgoing={scope.isOutgoing} />
        </a>
        <RowActions row={row} scope={scope} run={deeds.run} />
      </div>
    </div>
  );
}

/** Coming back to a list, one is where one was. */
function useReturn(link: { readonly current: HTMLAnchorElement | null }, isHere: boolean): void {
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current && isHere && document.activeElement === document.body)
      link.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, []);
}

function useDeeds(
  row: Row,
  scope: Scope,
  { chosen, isOpen }: { readonly chosen: Chosen; readonly isOpen: boolean },
) {
  const { preferences, router } = useApp();
  const desk = useDesk();
  const { deeds: texts, settings } = useTexts();
  const run = (deed: Deed): void =>
    doAsked(desk, texts, deed, chosen, () => {
      // What is open beside the list leaves with its row.
      if (isOpen && LEAVING.has(deed)) router.back();
    });
  const side = (wanted: SwipeDeed) => {
    const deed = wanted === 'read' ? (row.isUnread ? 'read' : 'unread') : wanted;
    const fitting = deed === 'archive' && !desk.deeds.fits('archive', scope.mailbox?.id) ? 'inbox' : deed;
    if (fitting === 'none' || !desk.deeds.fits(fitting, scope.mailbox?.id)) return undefined;
    const name = fitting === 'inbox' ? texts.inbox : settings.swipes[wanted];
    return {
      icon: fitting === 'inbox' ? ('inbox' as const) : SWIPE_ICONS[wanted],
      name,
      deed: fitting,
      run: () => run(fitting),
    };
  };
  const { swipeRight, swipeLeft } = preferences.choices.value;
  return { run, right: side(swipeRight), left: side(swipeLeft) };
}

interface SwipeGroundProps {
  readonly side: 'left' | 'right' | undefined;
  readonly isPast: boolean;
  readonly deed: { readonly icon: IconName; readonly name: string; readonly deed: string } | undefined;
}

function SwipeGround({ side, isPast, deed }: SwipeGroundProps) {
  if (side === undefined || deed === undefined) return null;
  return (
    <div class={`row-ground ${side} ${deed.deed} ${isPast ? 'past' : ''}`} aria-hidden="true">
      <span>
        <Icon name={deed.icon} />
        {deed.name}
      </span>
    </div>
  );
}

function Pick({
  row,
  isChosen,
  onPick,
}: {
  readonly row: Row;
  readonly isChosen: boolean;
  readonly onPick: (event: MouseEvent) => void;
}) {
  const { list } = useTexts();
  // Whoever else is in it is who one knows it by.
  const first = row.people.findLast(({ isMe }) => !isMe) ?? row.people[0];
  const who = first?.name ?? list.nobody;
  return (
    <button
      type="button"
      class="row-pick"
      aria-pressed={isChosen}
      aria-label={list.selectRow(who, row.subject || list.noSubject)}
      onClick={onPick}
    >
      <span class={`avatar hue-${hueOf(first?.email ?? '')}`} aria-hidden="true">
        {isChosen ? <Icon name="check" /> : initialsOf(who)}
      </span>
    </button>
  );
}

function RowActions({
  row,
  scope,
  run,
}: {
  readonly row: Row;
  readonly scope: Scope;
  readonly run: (deed: Deed) => void;
}) {
  const { deeds: texts } = useTexts();
  const { deeds } = useDesk();
  const button = (deed: Deed, icon: IconName) =>
    deeds.fits(deed, scope.mailbox?.id) ? (
      <button
        key={deed}
        type="button"
        class="icon-button"
        title={texts[deed]}
        aria-label={texts[deed]}
        tabIndex={-1}
        onClick={() => run(deed)}
      >
        <Icon name={icon} />
      </button>
    ) : null;
  return (
    <div class="row-actions">
      {button('archive', 'archive') ?? button('inbox', 'inbox')}
      {button('delete', 'trash')}
      {button(row.isUnread ? 'read' : 'unread', row.isUnread ? 'read' : 'unread')}
    </div>
  );
}
