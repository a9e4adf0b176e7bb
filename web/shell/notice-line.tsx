/** The line at the bottom: what was done, with its undo; a thin line runs out with its time. */
import { Icon } from '../ui/icon.tsx';
import { useApp, useDesk, useTexts } from './app.ts';

export function NoticeLine() {
  const { notices } = useApp();
  const { shell } = useTexts();
  const notice = notices.now.value;
  return (
    <div class="notice-place">
      <div role="status" aria-live="polite" class="unseen">
        {notice?.text}
      </div>
      {notice ? (
        <div
          key={notice.number}
          class={notice.isWrong ? 'notice-line wrong' : 'notice-line'}
          onPointerEnter={() => notices.hold()}
          onPointerLeave={() => notices.release()}
          onFocusIn={() => notices.hold()}
          onFocusOut={() => notices.release()}
        >
          {notice.isWrong ? <Icon name="warning" /> : null}
          <span class="notice-text">{notice.text}</span>
          {notice.action ? (
            <button type="button" class="notice-action" onClick={() => notices.act()}>
              {notice.action.text}
            </button>
          ) : null}
          <button type="button" class="notice-close" aria-label={shell.close} onClick={() => notices.close()}>
            <Icon name="close" />
          </button>
          {notice.action ? <span class={notices.isHeld.value ? 'notice-time held' : 'notice-time'} /> : null}
        </div>
      ) : null}
    </div>
  );
}

/** Mail that waits for the network; each can be written on instead. */
export function OutboxLines() {
  const { outgoing } = useDesk();
  const { router } = useApp();
  const { write } = useTexts();
  return (
    <>
      {outgoing.outbox.value?.mails.value.map(({ id, draft }) => (
        <p key={id} class="waiting-line">
          <Icon name="clock" />
          <span dir="auto">{write.waits(draft.subject)}</span>
          <button type="button" onClick={() => void outgoing.reopen(id, router)}>
            {write.changeHeld}
          </button>
        </p>
      ))}
    </>
  );
}

/** The server has another build than this page. It is offered: whoever reads goes on. */
export function UpdateLine() {
  const { worker } = useApp();
  const { shell } = useTexts();
  if (!worker.isNew.value) return null;
  return (
    <p class="waiting-line" role="status">
      <Icon name="refresh" />
      <span>{shell.newVersion}</span>
      <button type="button" onClick={() => worker.reload()}>
        {shell.reload}
      </button>
    </p>
  );
}

/** What waits for the network, as one quiet line above the list. */
export function WaitingLine() {
  const { sync, asOfMs } = useDesk();
  const { formats } = useApp();
  const { shell } = useTexts();
  const waiting = sync.actions.waiting.value;
  const isHeld = sync.actions.isHeld.value;
  if (sync.status.value !== 'unreachable' && !isHeld) return null;
  const asOf = asOfMs.value && new Date(asOfMs.value).toISOString();
  return (
    <p class="waiting-line" role="status">
      <Icon name="offline" />
      <span>
        {shell.offline} {asOf ? shell.asOf(formats.value.listTime(asOf, new Date())) : ''}{' '}
        {waiting > 0 ? shell.waiting(waiting) : ''}
      </span>
    </p>
  );
}
