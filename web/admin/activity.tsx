/** What happened: a line for each event, in plain words where there are some, with its facts for whoever wants to know more. */
import { useSignal } from '@preact/signals';
import { useApp } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { FaultLine, useAdmin, useAsked } from './context.tsx';
import { factsOf, isRefusal } from './events.ts';
import type { ActivityEvent } from './wire.ts';

export function AccountActivity({ address }: { readonly address: string }) {
  const { texts } = useAdmin();
  const isOpen = useSignal(false);
  return (
    <details
      class="admin-fold"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary class="setting">{texts.account.activity}</summary>
      {isOpen.value ? <Events address={address} /> : null}
    </details>
  );
}

function Events({ address }: { readonly address: string }) {
  const { texts } = useAdmin();
  const { value, fault } = useAsked<{ events: readonly ActivityEvent[] }>('account/activity', { address });
  if (value === undefined) return <FaultLine fault={fault} />;
  if (value.events.length === 0) return <p class="hint">{texts.account.noActivity}</p>;
  return (
    <ul>
      {value.events.map((event, at) => (
        <EventLine key={`${event.time} ${at}`} event={event} />
      ))}
    </ul>
  );
}

interface EventLineProps {
  readonly event: ActivityEvent;
  /** Where events of several accounts stand together. */
  readonly hasAccount?: boolean;
}

export function EventLine({ event, hasAccount = false }: EventLineProps) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const known = texts.events[event.what];
  const isBad = isRefusal(event.what);
  return (
    <li class="setting admin-event">
      <Icon name={isBad ? 'warning' : 'check'} />
      <span>
        {hasAccount ? <span dir="auto">{event.account} </span> : null}
        <span
          lang={known === undefined ? 'en' : undefined}
          class={isBad ? 'admin-bad' : hasAccount ? 'admin-what' : undefined}
        >
          {known ?? event.what}
        </span>
        <small>{factsOf(event, texts.facts)}</small>
      </span>
      <time dateTime={event.time} title={formats.value.fullTime(event.time)}>
        {formats.value.listTime(event.time, new Date())}
      </time>
    </li>
  );
}
