/** A row under a finger: `swipe.ts` decides, this hears the finger and moves the row. Holding still selects. */
import { useComputed, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { moved, pressed, released, STILL, type Swipe } from './swipe.ts';

interface SwipeOptions {
  readonly sides: { readonly left: boolean; readonly right: boolean };
  readonly onSwipe: (side: 'left' | 'right') => void;
  readonly onHold: () => void;
}

const HOLD_MS = 450;
const BUZZ_MS = 12;

export function useSwipe({ sides, onSwipe, onHold }: SwipeOptions) {
  const swipe = useSignal<Swipe>(STILL);
  const hold = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const wasMoved = useRef(false);
  const offset = useComputed(() => (swipe.value.kind === 'moving' ? swipe.value.offset : 0));
  const isPast = useComputed(() => swipe.value.kind === 'moving' && swipe.value.isPast);
  const end = (): void => {
    clearTimeout(hold.current);
    swipe.value = STILL;
  };
  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      wasMoved.current = false;
      if (event.pointerType !== 'touch') return;
      swipe.value = pressed({ x: event.clientX, y: event.clientY });
      hold.current = setTimeout(() => {
        if (swipe.peek().kind !== 'undecided') return;
        wasMoved.current = true;
        end();
        navigator.vibrate?.(BUZZ_MS);
        onHold();
      }, HOLD_MS);
    },
    onPointerMove: (event: PointerEvent) => {
      if (swipe.peek().kind === 'still') return;
      const row = event.currentTarget as HTMLElement;
      const wasPast = isPast.peek();
      swipe.value = moved(swipe.peek(), { x: event.clientX, y: event.clientY }, row.offsetWidth, sides);
      if (swipe.peek().kind !== 'undecided') clearTimeout(hold.current);
      if (swipe.peek().kind !== 'moving') return;
      wasMoved.current = true;
      row.setPointerCapture(event.pointerId);
      if (isPast.peek() !== wasPast) navigator.vibrate?.(BUZZ_MS);
    },
    onPointerUp: () => {
      const side = released(swipe.peek());
      end();
      if (side !== undefined) onSwipe(side);
    },
    onPointerCancel: end,
    onContextMenu: (event: MouseEvent) => {
      // Holding is selecting here, and no menu of the link.
      if (wasMoved.current || swipe.peek().kind === 'undecided') event.preventDefault();
    },
  };
  return {
    handlers,
    isPast,
    side: useComputed(() =>
      offset.value === 0 ? undefined : offset.value > 0 ? ('right' as const) : ('left' as const),
    ),
    style: useComputed(() =>
      offset.value === 0 ? {} : { transform: `translateX(${offset.value}px)`, transition: 'none' },
    ),
    /** The press that ends now was no tap. */
    wasMoved: () => wasMoved.current,
  };
}
