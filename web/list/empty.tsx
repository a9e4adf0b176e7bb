/** A place with nothing in it: the pigeon, and a word. */
import { useTexts } from '../shell/app.ts';
import { INBOX } from '../shell/places.ts';
import { Link } from '../ui/link.tsx';
import { Mark } from '../ui/mark.tsx';

export type EmptyKind = 'inbox' | 'starred' | 'drafts' | 'trash' | 'junk' | 'mailbox' | 'noMailbox';

export function Empty({ kind }: { readonly kind: EmptyKind }) {
  const { list } = useTexts();
  const texts: Readonly<Record<EmptyKind, readonly [string, string?]>> = {
    inbox: [list.emptyInbox, list.emptyInboxMore],
    starred: [list.emptyStarred, list.emptyStarredMore],
    drafts: [list.emptyDrafts],
    trash: [list.emptyTrash],
    junk: [list.emptyJunk],
    mailbox: [list.emptyMailbox],
    noMailbox: [list.noMailbox],
  };
  const [said, more] = texts[kind];
  return (
    <div class="empty">
      <Mark size={72} />
      <p class="empty-said">{said}</p>
      {more ? <p class="empty-more">{more}</p> : null}
      {kind === 'noMailbox' ? (
        <Link place={INBOX} class="button">
          {list.toInbox}
        </Link>
      ) : null}
    </div>
  );
}

export function emptyKindOf(role: string | null | undefined, isStarred: boolean): EmptyKind {
  if (isStarred) return 'starred';
  return role === 'inbox' || role === 'drafts' || role === 'trash' || role === 'junk' ? role : 'mailbox';
}
