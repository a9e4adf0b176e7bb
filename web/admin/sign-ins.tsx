/** Who came in, and who was refused: of all accounts, the newest first. */
import { Icon } from '../ui/icon.tsx';
import { EventLine } from './activity.tsx';
import { FaultLine, useAdmin, useAsked } from './context.tsx';
import type { ActivityEvent } from './wire.ts';

export function SignInsPage() {
  const { texts } = useAdmin();
  const { value, fault, again } = useAsked<{ events: readonly ActivityEvent[] }>('sign-ins');
  return (
    <>
      <div class="admin-head">
        <p class="hint">{value?.events.length === 0 ? texts.signIns.none : texts.signIns.means}</p>
        <button type="button" class="button" onClick={() => void again()}>
          <Icon name="refresh" />
          {texts.again}
        </button>
      </div>
      <FaultLine fault={fault} />
      <ul>
        {value?.events.map((event, at) => (
          <EventLine key={`${event.time} ${at}`} event={event} hasAccount />
        ))}
      </ul>
    </>
  );
}
