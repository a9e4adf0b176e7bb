/** Above Trash and Junk: emptied from here, and on to what is no longer in them. */
import { useDesk } from '../shell/app.ts';
import type { Id } from '../sync/model.ts';
import { Link } from '../ui/link.tsx';
import { useSpaceTexts, WithSpaceTexts } from './space-texts.tsx';
import { useEmptying } from './use-emptying.ts';

interface TrashLineProps {
  readonly mailbox: Id;
}

export function TrashLine(props: TrashLineProps) {
  return (
    <WithSpaceTexts>
      <Line {...props} />
    </WithSpaceTexts>
  );
}

function Line({ mailbox: id }: TrashLineProps) {
  const { sync } = useDesk();
  const texts = useSpaceTexts();
  const empty = useEmptying();
  const mailbox = sync.cache.mailboxes.value.get(id);
  if (mailbox === undefined) return null;
  const isTrash = mailbox.role === 'trash';
  return (
    <div class="trash-line">
      {mailbox.totalEmails === 0 ? null : (
        <button type="button" class="button quiet" onClick={() => void empty(mailbox)}>
          {isTrash ? texts.emptyTrash : texts.emptyJunk}
        </button>
      )}
      {isTrash ? (
        <Link place={{ at: 'settings', page: 'deleted' }} class="button quiet">
          {texts.recover}
        </Link>
      ) : null}
    </div>
  );
}
