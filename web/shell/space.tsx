/** How much of the account's room is used: a thin bar under the mailboxes, and a line on top when it gets full. */
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { useApp, useDesk, useTexts } from './app.ts';
import type { Space } from './space-watch.ts';

/** What fills it, and how to make room. */
const PLACE = { at: 'settings', page: 'space' } as const;
const CAUTION = 0.8;
/** From here on the line stays. */
const NEARLY_FULL = 0.95;

export function SpaceBar() {
  const { space } = useDesk();
  const text = useUsed(space.now.value);
  if (space.now.value === undefined) return null;
  const { part } = space.now.value;
  return (
    <Link place={PLACE} class={part >= CAUTION ? 'space caution' : 'space'}>
      <progress value={Math.min(1, part)} max={1} aria-label={text} />
      <span aria-hidden="true">{text}</span>
    </Link>
  );
}

export function SpaceLine() {
  const { space } = useDesk();
  const { shell } = useTexts();
  const used = useUsed(space.now.value);
  if (space.now.value === undefined) return null;
  const { part, isWaitedFor } = space.now.value;
  const percent = Math.floor(part * 100);
  const stays = isWaitedFor || part >= NEARLY_FULL;
  if (!stays && (part < CAUTION || percent < space.closed.value + 5)) return null;
  const words = isWaitedFor ? shell.mailWaits : part >= 1 ? shell.full : shell.nearlyFull(percent);
  return (
    <div class={stays ? 'waiting-line space-line full' : 'waiting-line space-line'} role="status">
      <Icon name="warning" />
      <span>
        {words} <span class="amount">{used}.</span>
      </span>
      <Link place={PLACE}>{shell.makeRoom}</Link>
      {stays ? null : (
        <button
          type="button"
          class="icon-button"
          aria-label={shell.close}
          onClick={() => (space.closed.value = percent)}
        >
          <Icon name="close" />
        </button>
      )}
    </div>
  );
}

function useUsed(space: Space | undefined): string {
  const { formats } = useApp();
  const { shell } = useTexts();
  if (space === undefined) return '';
  const { number, size } = formats.value;
  const [used, limit] = [space.used, space.limit].map(space.isOctets ? size : number) as [string, string];
  return space.isOctets ? shell.used(used, limit) : shell.usedMessages(used, limit);
}
