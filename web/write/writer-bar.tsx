/** Above what is written: away, how safe it is, files, gone, sent. */
import { useApp, useTexts } from '../shell/app.ts';
import type { Texts } from '../text/en.ts';
import type { Formats } from '../text/format.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import type { DraftState } from './draft-keeper.ts';
import type { Sending } from './sending.tsx';
import type { WritingSession } from './writing-session.ts';

export interface WriterBarProps {
  readonly session: WritingSession;
  readonly sending: Sending;
  readonly onAttach: () => void;
  /** Away from here; what was written is kept. */
  readonly onLeave: () => void;
  /** To a page of its own, from where it is one part of many. */
  readonly onExpand: (() => void) | undefined;
}

export function WriterBar({ session, sending, onAttach, onLeave, onExpand }: WriterBarProps) {
  const texts = useTexts().write;
  const { formats, notices } = useApp();
  const discard = async (): Promise<void> => {
    // Ended before its page goes, which would keep it.
    const isGone = session.keeper.discard();
    onLeave();
    await isGone;
    notices.show({ text: texts.discarded });
  };
  const button = (text: string, icon: IconName, run: () => void) => (
    <button type="button" class="icon-button" aria-label={text} title={text} onClick={run}>
      <Icon name={icon} />
    </button>
  );
  return (
    <header class="writer-bar">
      {button(texts.close, onExpand === undefined ? 'back' : 'close', onLeave)}
      {onExpand !== undefined && button(texts.expand, 'expand', onExpand)}
      <p class="draft-state" role="status">
        {sending.isRefused ? texts.isRefused : stateWords(session.keeper.state.value, texts, formats.value)}
      </p>
      {button(texts.discard, 'trash', () => void discard())}
      {button(texts.attach, 'clip', onAttach)}
      <span class="send-pair">
        <button type="button" class="button primary" disabled={sending.isBusy} onClick={() => sending.ask()}>
          <Icon name="sent" />
          {texts.send}
        </button>
        <button
          type="button"
          class="button primary send-later"
          aria-label={texts.sendLater}
          title={texts.sendLater}
          disabled={sending.isBusy}
          onClick={() => sending.askLater()}
        >
          <Icon name="clock" />
        </button>
      </span>
    </header>
  );
}

function stateWords(state: DraftState, texts: Texts['write'], formats: Formats): string {
  switch (state.kind) {
    case 'empty':
      return '';
    case 'here':
      return state.isKept ? texts.keptHere : texts.onlyHere;
    case 'everywhere':
      return texts.everywhere(formats.listTime(new Date(state.atMs).toISOString(), new Date(state.atMs)));
    case 'offline':
      return state.isKept ? texts.offlineKept : texts.offline;
    case 'refused':
      return state.type === 'overQuota' || state.type === 'tooLarge'
        ? texts.refused[state.type]
        : texts.refused.other;
  }
}
