/** The mailboxes, with what waits in each; on a computer always there, else in a drawer. */
import { useEffect, useRef } from 'preact/hooks';
import { badgeOf, ownMailboxes, roleName, withRole } from '../list/mailbox-name.ts';
import { STARRED, wordFor } from '../list/scope.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import { Link } from '../ui/link.tsx';
import { Mark } from '../ui/mark.tsx';
import { useApp, useDesk, useTexts } from './app.ts';
import type { Place } from './places.ts';
import { SpaceBar } from './space.tsx';

const ICONS: Readonly<Record<string, IconName>> = {
  ...{ inbox: 'inbox', drafts: 'draft', sent: 'sent', archive: 'archive', junk: 'junk', trash: 'trash' },
  ...{ scheduled: 'clock', snoozed: 'clock' },
};

interface SideBarProps {
  readonly isDrawer: boolean;
  readonly onClose: () => void;
}

export function SideBar({ isDrawer, onClose }: SideBarProps) {
  const { shell } = useTexts();
  const { router, account } = useApp();
  const now = account.now.value;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isDrawer) panel.current?.querySelector<HTMLElement>('a[aria-current], a')?.focus();
  }, [isDrawer]);
  const nav = (
    <nav
      ref={panel}
      class={isDrawer ? 'side drawer' : 'side'}
      aria-label={shell.mailboxes}
      onKeyDown={(event) => {
        if (isDrawer && event.key === 'Escape') onClose();
      }}
    >
      <div class="side-top">
        <span class="side-mark">
          <Mark size={28} />
          <span>{shell.product}</span>
        </span>
        {isDrawer ? (
          <button type="button" class="icon-button" aria-label={shell.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        ) : null}
      </div>
      {isDrawer ? null : (
        <button
          type="button"
          class="button primary side-write"
          onClick={() => router.go({ at: 'write', parameters: '' })}
        >
          <Icon name="write" />
          {shell.write}
        </button>
      )}
      <MailboxLinks />
      <div class="side-bottom">
        <SpaceBar />
        {now.state === 'in' && now.session.isAdmin === true ? (
          <SideLink
            place={{ at: 'admin' }}
            icon="shield"
            name={shell.administration}
            isCurrent={router.place.value.at === 'admin'}
          />
        ) : null}
        <SideLink
          place={{ at: 'settings' }}
          icon="settings"
          name={shell.settings}
          isCurrent={router.place.value.at === 'settings'}
        />
      </div>
    </nav>
  );
  if (!isDrawer) return nav;
  return (
    <>
      <div class="veil" onClick={onClose} aria-hidden="true" />
      {nav}
    </>
  );
}

function MailboxLinks() {
  const { router, language } = useApp();
  const { sync } = useDesk();
  const { list, shell } = useTexts();
  const mailboxes = sync.cache.mailboxes.value;
  const place = router.place.value;
  const isAt = (word: string, id?: string): boolean =>
    place.at === 'mailbox' && (place.mailbox === word || place.mailbox === id);
  const [inbox, ...others] = withRole(mailboxes);
  const own = ownMailboxes(mailboxes, language.value);
  const link = (mailbox: (typeof others)[number], depth = 0) => (
    <SideLink
      key={mailbox.id}
      place={{ at: 'mailbox', mailbox: wordFor(mailbox) }}
      icon={ICONS[mailbox.role ?? ''] ?? 'folder'}
      name={roleName(mailbox, list)}
      badge={badgeOf(mailbox)}
      isSeal={mailbox.role === 'inbox'}
      isCurrent={isAt(wordFor(mailbox), mailbox.id)}
      depth={depth}
    />
  );
  return (
    <>
      <ul>
        {inbox ? link(inbox) : null}
        {inbox ? (
          <SideLink
            place={{ at: 'mailbox', mailbox: STARRED }}
            icon="star"
            name={list.roles.starred ?? ''}
            isCurrent={isAt(STARRED)}
          />
        ) : null}
        {others.map((mailbox) => link(mailbox))}
      </ul>
      {own.length > 0 ? (
        <section>
          <h2 class="side-heading">{shell.mailboxes}</h2>
          <ul>{own.map(({ mailbox, depth }) => link(mailbox, depth))}</ul>
        </section>
      ) : null}
    </>
  );
}

interface SideLinkProps {
  readonly place: Place;
  readonly icon: IconName;
  readonly name: string;
  readonly badge?: number;
  /** The badge says that somebody waits. */
  readonly isSeal?: boolean;
  readonly isCurrent: boolean;
  readonly depth?: number;
}

function SideLink({ place, icon, name, badge = 0, isSeal = false, isCurrent, depth = 0 }: SideLinkProps) {
  const { list } = useTexts();
  const { formats } = useApp();
  const item = (
    <Link
      place={place}
      class="side-link"
      isCurrent={isCurrent}
      style={{ paddingInlineStart: `${12 + Math.min(depth, 4) * 16}px` }}
    >
      <Icon name={icon} />
      <span class="side-name" dir="auto">
        {name}
      </span>
      {badge > 0 ? (
        <span class={isSeal ? 'badge seal' : 'badge'}>
          <span aria-hidden="true">{formats.value.number(badge)}</span>
          <span class="unseen">{list.unreadCount(badge)}</span>
        </span>
      ) : null}
    </Link>
  );
  return place.at === 'settings' || place.at === 'admin' ? item : <li>{item}</li>;
}
