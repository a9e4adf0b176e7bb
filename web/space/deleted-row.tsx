/** One deleted mail: who wrote it, about what, where it was and who deleted it. */
import { roleName } from '../list/mailbox-name.ts';
import { useApp, useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import type { DeletedEmail } from './deleted-mail.ts';
import { useSpaceTexts } from './space-texts.tsx';

interface DeletedRowProps {
  readonly one: DeletedEmail;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
  readonly onBringBack: () => void;
}

export function DeletedRow({ one, isChosen, onChoose, onBringBack }: DeletedRowProps) {
  const { formats } = useApp();
  const texts = useSpaceTexts();
  const where = useMailboxName();
  const when = useWhen();
  const { from, subject, size, deletedAt, service, client } = one;
  const who = from.name || from.email || texts.nobody;
  const title = subject || texts.noSubject;
  // What a browser says of itself is long, and nobody's words.
  const by = client?.startsWith('Mozilla/') ? texts.by[service] : (client ?? texts.by[service]);
  const was =
    by === undefined
      ? texts.wasIn(where(one), when(deletedAt))
      : texts.wasInBy(where(one), when(deletedAt), by);
  return (
    <li class={isChosen ? 'deleted-row chosen' : 'deleted-row'}>
      <label class="deleted-pick">
        <input
          type="checkbox"
          checked={isChosen}
          aria-label={texts.selectOne(who, title)}
          onChange={onChoose}
        />
        <span class="deleted-text">
          <span class="deleted-who">
            <bdi>{who}</bdi>
          </span>
          <span class="deleted-size">{formats.value.size(size)}</span>
          <span class="deleted-subject">
            <bdi>{title}</bdi>
          </span>
          <small>{was}</small>
        </span>
      </label>
      <button
        type="button"
        class="icon-button"
        title={texts.bringBack}
        aria-label={texts.bringBackOne(title)}
        onClick={onBringBack}
      >
        <Icon name="undo" />
      </button>
    </li>
  );
}

/** As the person knows it: a role by its word, else the name with all that is above it. */
export function useMailboxName(): (one: {
  readonly mailbox: string;
  readonly role: string | null;
}) => string {
  const { list } = useTexts();
  return ({ mailbox, role }) => roleName({ name: mailbox, role: role as null }, list);
}

export function useWhen(): (iso: string) => string {
  const { formats } = useApp();
  return (iso) => formats.value.listTime(iso, new Date());
}
