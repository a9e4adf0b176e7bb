/** Above the Inbox: what was put off and has come back, until it is opened. It stands in its old place below as well. */
import { useMemo } from 'preact/hooks';
import { ListRow } from '../list/list-row.tsx';
import type { Scope } from '../list/scope.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Place } from '../shell/places.ts';
import { Icon } from '../ui/icon.tsx';

interface BackAgainProps {
  readonly place: Place;
  readonly scope: Scope;
}

/** More would hide the Inbox. */
const SHOWN = 3;

export function BackAgain({ place, scope }: BackAgainProps) {
  const { preferences, device } = useApp();
  const { sync } = useDesk();
  const { snooze: texts } = useTexts();
  const inbox = scope.mailbox?.id ?? '';
  const isCollapsed = preferences.choices.value.conversations;
  const list = useMemo(() => {
    const filter = { operator: 'AND' as const, conditions: [{ inMailbox: inbox }, { hasKeyword: '$new' }] };
    const found = sync.list(filter, isCollapsed);
    void found.need(0, SHOWN);
    return found;
  }, [inbox, isCollapsed]);
  const { ids, total = 0 } = list.rows.value;
  const shown = ids.slice(0, SHOWN).filter((id) => id !== undefined);
  if (shown.length === 0) return null;
  return (
    <section class="back-again" aria-labelledby="back-again">
      <h2 id="back-again">
        <Icon name="clock" />
        {total > SHOWN ? texts.backMany(total) : texts.back}
      </h2>
      <ul>
        {shown.map((id) => (
          <li key={id} class="row-place" style={{ height: `${device.rowHeight}px` }}>
            <ListRow id={id} place={place} scope={scope} list={list} snippet={undefined} />
          </li>
        ))}
      </ul>
    </section>
  );
}
