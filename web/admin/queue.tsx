/** Mail that waits to leave: what holds it up, and what can be done about it. */
import { useSignal } from '@preact/signals';
import { useApp, useDesk } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { FaultLine, useAdmin, useAsked, useDo } from './context.tsx';
import type { QueuePage as Page, QueuedMessage, QueuedRecipient, QueueEvent } from './wire.ts';

const MOST_SHOWN = 5;

export function QueuePage() {
  const { texts } = useAdmin();
  const does = useDo();
  const after = useSignal<string | undefined>(undefined);
  const { value, fault, again } = useAsked<Page>(
    'queue',
    after.value === undefined ? {} : { after: after.value },
  );
  const isPaused = value?.state.isPaused ?? false;
  return (
    <>
      <FaultLine fault={fault} />
      {value === undefined ? null : <State state={value.state} />}
      <div class="settings-buttons">
        <button type="button" class="button" onClick={() => void again()}>
          <Icon name="refresh" />
          {texts.again}
        </button>
        {value === undefined ? null : (
          <button
            type="button"
            class="button"
            onClick={() => void does('queue/pause', { isPaused: !isPaused }).then(again)}
          >
            {isPaused ? texts.queue.resume : texts.queue.pause}
          </button>
        )}
      </div>
      <ul>
        {value?.messages.map((one) => (
          <Message key={one.id} message={one} onChanged={() => void again()} />
        ))}
      </ul>
      {value?.isMore ? (
        <button
          type="button"
          class="button admin-more"
          onClick={() => {
            after.value = value.messages.at(-1)?.id;
          }}
        >
          {texts.more}
        </button>
      ) : null}
    </>
  );
}

function State({ state: { messages, held, oldestMs, isPaused } }: Pick<Page, 'state'>) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  return (
    <div role="status">
      {isPaused ? (
        <p class="notice wrong">
          <Icon name="warning" />
          {texts.queue.paused}
        </p>
      ) : null}
      <p class="hint">
        {texts.queue.waits(messages)} {held > 0 ? texts.queue.held(held) : null}{' '}
        {oldestMs === undefined
          ? null
          : texts.queue.oldest(formats.value.nearTime(new Date(oldestMs).toISOString()))}
      </p>
    </div>
  );
}

interface MessageProps {
  readonly message: QueuedMessage;
  readonly onChanged: () => void;
}

function Message({ message, onChanged }: MessageProps) {
  const { texts } = useAdmin();
  const { id, sender, recipients } = message;
  const more = recipients.length - MOST_SHOWN;
  return (
    <li class="admin-finding">
      <div class="admin-head">
        <h3 dir="auto">{texts.queue.from(sender === '' ? texts.queue.nobody : sender)}</h3>
        <code class="admin-fact">{id}</code>
      </div>
      <ul>
        {recipients.slice(0, MOST_SHOWN).map((one) => (
          <Recipient key={one.address} recipient={one} />
        ))}
      </ul>
      {more > 0 ? <p class="hint">{texts.queue.more(more)}</p> : null}
      <Deeds message={message} onChanged={onChanged} />
      <History id={id} />
    </li>
  );
}

function Recipient({ recipient }: { readonly recipient: QueuedRecipient }) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const { address, state, attempts, nextMs, lastHost, lastReply } = recipient;
  const next =
    state !== 'waiting' || nextMs === undefined
      ? undefined
      : attempts === 0
        ? texts.queue.first
        : texts.queue.next(formats.value.nearTime(new Date(nextMs).toISOString()), attempts);
  return (
    <li class="admin-recipient">
      <span dir="auto">{address}</span>{' '}
      <span class={state === 'held' || state === 'failed' ? 'admin-chip warn' : 'admin-chip'}>
        {texts.queue.states[state] ?? state}
      </span>
      {next === undefined ? null : <small> {next}</small>}
      {lastReply === undefined ? null : (
        <small class="admin-why" lang="en">
          {[lastHost, lastReply].filter(Boolean).join(': ')}
        </small>
      )}
    </li>
  );
}

function Deeds({ message: { id, kind, recipients }, onChanged }: MessageProps) {
  const { texts } = useAdmin();
  const { notices } = useApp();
  const desk = useDesk();
  const does = useDo();
  const change = async (what: string, done: string, rest: object = {}): Promise<void> => {
    await does<{ changed: number }>('queue/change', { what, ids: [id], ...rest }, ({ changed }) =>
      notices.show({ text: changed > 0 ? done : texts.queue.nothing }),
    );
    onChanged();
  };
  const isHeld = recipients.some(({ state }) => state === 'held');
  const isWaiting = recipients.some(({ state }) => state === 'waiting');
  const isWhole = recipients.every(
    ({ state, attempts }) => attempts === 0 && (state === 'waiting' || state === 'held'),
  );
  const ask = (): void =>
    desk.ask({
      ...{ kind: 'confirm', title: texts.queue.dropTitle, text: texts.queue.dropMeans },
      ...{
        button: texts.queue.drop,
        run: () => void change('drop', texts.queue.dropped, { isReported: true }),
      },
    });
  return (
    <div class="settings-buttons">
      {isWaiting ? (
        <>
          <button type="button" class="button" onClick={() => void change('retry', texts.queue.retried)}>
            {texts.queue.retry}
          </button>
          <button type="button" class="button" onClick={() => void change('hold', texts.queue.isHeld)}>
            {texts.queue.hold}
          </button>
        </>
      ) : null}
      {isHeld ? (
        <button type="button" class="button" onClick={() => void change('release', texts.queue.isReleased)}>
          {texts.queue.release}
        </button>
      ) : null}
      {kind === 'sent' && isWhole ? (
        <button type="button" class="button" onClick={() => void change('cancel', texts.queue.isTakenBack)}>
          {texts.queue.takeBack}
        </button>
      ) : null}
      {isHeld || isWaiting ? (
        <button type="button" class="button danger" onClick={ask}>
          {texts.queue.drop}
        </button>
      ) : null}
    </div>
  );
}

function History({ id }: { readonly id: string }) {
  const { texts } = useAdmin();
  const isOpen = useSignal(false);
  return (
    <details
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>{texts.queue.history}</summary>
      {isOpen.value ? <Events id={id} /> : null}
    </details>
  );
}

function Events({ id }: { readonly id: string }) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const { value, fault } = useAsked<{ events: readonly QueueEvent[] }>('queue/events', { id });
  if (value === undefined) return <FaultLine fault={fault} />;
  return (
    <ul class="admin-events">
      {value.events.map(({ atMs, address, event, detail }) => (
        <li key={`${atMs} ${address} ${event}`}>
          {formats.value.nearTime(new Date(atMs).toISOString())} {texts.queue.events[event] ?? event}{' '}
          <span dir="auto">{address}</span> <span lang="en">{detail}</span>
        </li>
      ))}
    </ul>
  );
}
