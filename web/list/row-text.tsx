/** What a row says: people with their count and the time, the subject, the first words. Heard as one sentence. */
import { Marked } from '../search/marked.tsx';
import type { Snippet } from '../search/snippet.ts';
import { useApp, useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { type Row, shortName } from './row.ts';

interface RowTextProps {
  readonly row: Row;
  readonly snippet: Snippet | undefined;
  readonly isOutgoing: boolean;
}

export function RowText({ row, snippet, isOutgoing }: RowTextProps) {
  const { list } = useTexts();
  const { formats } = useApp();
  const subject = row.subject || list.noSubject;
  return (
    <>
      <span class="row-top">
        <span class="row-people">
          {row.isUnread ? <span class="unseen">{list.unread}, </span> : null}
          {row.isDraft && !isOutgoing ? <span class="row-draft">{list.draft} </span> : null}
          <People row={row} />
          {row.count > 1 ? (
            <>
              <span class="row-count" aria-hidden="true">
                {row.count}
              </span>
              <span class="unseen">, {list.messages(row.count)}, </span>
            </>
          ) : null}
        </span>
        <time class="row-time" dateTime={row.receivedAt} title={formats.value.fullTime(row.receivedAt)}>
          {formats.value.listTime(row.receivedAt, new Date())}
        </time>
      </span>
      <span class="row-middle">
        <span class="row-subject" dir="auto">
          {snippet?.subject ? <Marked parts={snippet.subject} /> : subject}
        </span>
        <span class="row-signs">
          {row.hasAttachment ? (
            <span title={list.hasAttachment}>
              <Icon name="clip" />
              <span class="unseen">{list.hasAttachment}</span>
            </span>
          ) : null}
          {row.isStarred ? (
            <span class="row-star" title={list.starred}>
              <Icon name="star" filled />
              <span class="unseen">{list.starred}</span>
            </span>
          ) : null}
        </span>
      </span>
      <span class="row-preview" dir="auto">
        {snippet?.preview ? <Marked parts={snippet.preview} /> : row.preview}
      </span>
    </>
  );
}

function People({ row }: { readonly row: Row }) {
  const { list } = useTexts();
  const { people } = row;
  if (people.length === 0) return <>{list.nobody}</>;
  const isAlone = people.length === 1;
  return (
    <>
      {people.map((person, at) => (
        <span key={person.email} class={person.isUnread ? 'row-person fresh' : 'row-person'} dir="auto">
          {person.isMe && !isAlone ? list.me : isAlone ? person.name : shortName(person)}
          {at < people.length - 1 ? ', ' : ''}
        </span>
      ))}
    </>
  );
}
