/** One polite sentence for screen readers when mail has come. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useDesk, useTexts } from '../shell/app.ts';
import { arrived, NONE_YET, PAUSE_MS } from './arrivals.ts';
import { isUnread } from './row.ts';

const LOOKED_AT = 20;

export function ArrivalsSaid() {
  const { sync } = useDesk();
  const { list } = useTexts();
  const said = useSignal(0);
  const state = useRef(NONE_YET);
  const rows = useComputed(() => {
    const inbox = sync.cache.byRole('inbox');
    if (inbox === undefined) return [];
    const { ids } = sync.list({ inMailbox: inbox.id }, true).rows.value;
    return ids
      .slice(0, LOOKED_AT)
      .flatMap((id) => (id === undefined ? [] : (sync.cache.email(id).value ?? [])));
  });
  const unread = rows.value.filter(isUnread);
  useEffect(() => {
    const look = (): void => {
      const outcome = arrived(state.current, unread, performance.now());
      state.current = outcome.after;
      if (outcome.said > 0) said.value = outcome.said;
    };
    look();
    const later = setTimeout(look, PAUSE_MS);
    return () => clearTimeout(later);
  }, [rows.value]);
  return (
    <div role="status" aria-live="polite" class="unseen">
      {said.value > 0 ? list.newMail(said.value) : ''}
    </div>
  );
}
