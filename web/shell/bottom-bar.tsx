/** On a phone, under the thumb: mail, search, write, more. */
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { useApp, useDesk, useTexts } from './app.ts';
import { INBOX } from './places.ts';

export function BottomBar({ onMore }: { readonly onMore: () => void }) {
  const { router } = useApp();
  const { selection } = useDesk();
  const { shell } = useTexts();
  const { at } = router.place.value;
  // Selecting turns the bar into what can be done, which the list shows in its place.
  if (selection.chosen.value.size > 0) return null;
  return (
    <nav class="bottom-bar" aria-label={shell.menu}>
      <Link place={INBOX} class="bottom-link" isCurrent={at === 'mailbox'}>
        <Icon name="inbox" />
        <span>{shell.mail}</span>
      </Link>
      <Link place={{ at: 'search', query: '' }} class="bottom-link" isCurrent={at === 'search'}>
        <Icon name="search" />
        <span>{shell.search}</span>
      </Link>
      <Link place={{ at: 'write', parameters: '' }} class="bottom-write">
        <Icon name="write" />
        <span>{shell.write}</span>
      </Link>
      <button type="button" class="bottom-link" onClick={onMore}>
        <Icon name="menu" />
        <span>{shell.more}</span>
      </button>
    </nav>
  );
}
