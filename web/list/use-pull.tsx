/** A finger that pulls a list down at its top asks the server what there is. It moves with the finger, and says when it is far enough. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';

/** CSS pixels that the list has moved, which is half as far as the finger. */
const FAR_ENOUGH = 56;
const MOST = 88;
/** What is done sooner would not be seen. */
const LEAST_MS = 400;

export function usePull(ask: () => Promise<unknown>) {
  const offset = useSignal(0);
  const isAsking = useSignal(false);
  const from = useRef<number | undefined>(undefined);
  const handlers = {
    onTouchStart: (event: TouchEvent) => {
      const { scrollTop } = event.currentTarget as HTMLElement;
      const isOne = event.touches.length === 1 && scrollTop <= 0 && !isAsking.peek();
      from.current = isOne ? event.touches[0]?.clientY : undefined;
    },
    onTouchMove: (event: TouchEvent) => {
      if (from.current === undefined) return;
      const { scrollTop } = event.currentTarget as HTMLElement;
      const moved = (event.touches[0]?.clientY ?? 0) - from.current;
      offset.value = scrollTop > 0 ? 0 : Math.min(MOST, Math.max(0, moved / 2));
    },
    onTouchEnd: () => {
      if (from.current === undefined) return;
      from.current = undefined;
      const isFar = offset.peek() >= FAR_ENOUGH;
      offset.value = 0;
      if (!isFar) return;
      isAsking.value = true;
      const least = new Promise((resolve) => setTimeout(resolve, LEAST_MS));
      void Promise.all([ask().catch(() => undefined), least]).then(() => {
        isAsking.value = false;
      });
    },
    onTouchCancel: () => {
      from.current = undefined;
      offset.value = 0;
    },
  };
  const height = isAsking.value ? FAR_ENOUGH : offset.value;
  const sign =
    height === 0 ? null : (
      <div class={isAsking.value ? 'pull asking' : 'pull'} style={{ height: `${height}px` }}>
        <span style={{ transform: `rotate(${height * 3}deg)`, opacity: Math.min(1, height / FAR_ENOUGH) }}>
          <Icon name="refresh" />
        </span>
      </div>
    );
  return { handlers, sign };
}
