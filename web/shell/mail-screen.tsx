/**
 * The house: on a phone one thing at a time with a bar at the bottom, on a tablet list and reading pane with the mailboxes in a
 * drawer, on a computer all three. What lies beyond the list is loaded when somebody goes there.
 */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ArrivalsSaid } from '../list/arrivals-said.tsx';
import { ListPane } from '../list/list-pane.tsx';
import { roleName } from '../list/mailbox-name.ts';
import { mailboxAt } from '../list/scope.ts';
import { useApp, useDesk, useTexts } from './app.ts';
import { BottomBar } from './bottom-bar.tsx';
import { Dialogs } from './dialogs.tsx';
import { useKeys } from './keyboard.tsx';
import { Later } from './later.tsx';
import { NoticeLine } from './notice-line.tsx';
import { WRITER } from './parts.ts';
import { type Place, threadAt } from './places.ts';
import { ReadingPane } from './reading-pane.tsx';
import { SideBar } from './side-bar.tsx';

export function MailScreen() {
  const { router, device } = useApp();
  const { shell } = useTexts();
  const isDrawerOpen = useSignal(false);
  const place = router.place.value;
  const width = device.width.value;
  const isDense = width !== 'phone' && device.density.value === 'compact';
  useKeys();
  useTitle(place);
  useEffect(() => {
    isDrawerOpen.value = false;
  }, [place]);
  const isOpen = threadAt(place) !== undefined;
  const hasList = place.at === 'mailbox' || place.at === 'search';
  const showsList = hasList && (width !== 'phone' || !isOpen);
  return (
    <div class={`shell ${width} ${isDense ? 'dense' : ''}`} data-at={place.at}>
      <a class="skip" href="#mail">
        {shell.skip}
      </a>
      {width === 'computer' || isDrawerOpen.value ? (
        <SideBar isDrawer={width !== 'computer'} onClose={() => (isDrawerOpen.value = false)} />
      ) : null}
      <main id="mail" class="panes" tabIndex={-1}>
        {showsList ? <ListPane place={place} onMenu={() => (isDrawerOpen.value = true)} /> : null}
        {hasList && (isOpen || width !== 'phone') ? <ReadingPane place={place} /> : null}
        {place.at === 'settings' ? (
          <Later
            load={() => import('../settings/settings.tsx')}
            name="Settings"
            props={{ page: place.page, parameters: place.parameters ?? '' }}
          />
        ) : null}
        {place.at === 'admin' ? (
          <Later
            load={() => import('../admin/admin.tsx')}
            name="Admin"
            props={{ page: place.page, parameters: place.parameters ?? '' }}
          />
        ) : null}
        {place.at === 'write' ? (
          <Later
            key={`${place.draft} ${place.parameters}`}
            load={WRITER.load}
            name="Writer"
            props={{ draft: place.draft, parameters: place.parameters }}
          />
        ) : null}
      </main>
      {width === 'phone' && !isOpen && place.at !== 'write' ? (
        <BottomBar onMore={() => (isDrawerOpen.value = true)} />
      ) : null}
      <NoticeLine />
      <ArrivalsSaid />
      <Dialogs />
    </div>
  );
}

/** The name of the place, and how many are unread in the Inbox. */
function useTitle(place: Place): void {
  const { sync } = useDesk();
  const { list, shell, settings } = useTexts();
  const title = useComputed(() => {
    const { mailboxes } = sync.cache;
    const unread = sync.cache.byRole('inbox')?.unreadThreads ?? 0;
    const mailbox = place.at === 'mailbox' ? mailboxAt(place.mailbox, mailboxes.value) : undefined;
    const name =
      place.at === 'settings'
        ? settings.title
        : place.at === 'admin'
          ? shell.administration
          : place.at === 'search'
            ? shell.search
            : mailbox && roleName(mailbox, list);
    return `${unread > 0 ? `(${unread}) ` : ''}${name ?? shell.mail} – ${shell.product}`;
  });
  useEffect(() => {
    document.title = title.value;
  }, [title.value]);
  const unread = sync.cache.byRole('inbox')?.unreadThreads;
  useEffect(() => {
    // On the icon of the app that was installed; zero takes it away.
    if (unread !== undefined) void navigator.setAppBadge?.(unread).catch(() => undefined);
  }, [unread]);
}
