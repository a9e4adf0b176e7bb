/** A part of the page that is loaded when it is first shown. Nothing is drawn until it is there: it takes a moment at most. */
import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { useTexts } from './app.ts';

interface LaterProps<N extends string, P> {
  readonly load: () => Promise<{ readonly [name in N]: ComponentType<P> }>;
  readonly name: N;
  readonly props: P;
}

export function Later<N extends string, P extends object>({ load, name, props }: LaterProps<N, P>) {
  const loaded = useSignal<ComponentType<P> | undefined>(undefined);
  const isLost = useSignal(false);
  useEffect(() => {
    load().then(
      (module) => {
        loaded.value = module[name];
      },
      () => {
        isLost.value = true;
      },
    );
  }, []);
  const Part = loaded.value;
  if (isLost.value) return <Lost />;
  return Part === undefined ? null : <Part {...props} />;
}

function Lost() {
  const { list } = useTexts();
  return (
    <div class="empty">
      <p>{list.unreachable}</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        {list.again}
      </button>
    </div>
  );
}
