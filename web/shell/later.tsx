/** A part of the page that is loaded when it is first shown. Nothing is drawn until it is there: it takes a moment at most. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren, ComponentType } from 'preact';
import { useContext, useEffect } from 'preact/hooks';
import { DeskContext, useApp, useTexts } from './app.ts';

interface LaterProps<N extends string, P> {
  readonly load: () => Promise<{ readonly [name in N]: ComponentType<P> }>;
  readonly name: N;
  readonly props: P;
  /** Where it is said that the part did not come, if not in its place. */
  readonly around?: (said: ComponentChildren) => ComponentChildren;
}

export function Later<N extends string, P extends object>({ load, name, props, around }: LaterProps<N, P>) {
  const loaded = useSignal<ComponentType<P> | undefined>(undefined);
  const isLost = useSignal(false);
  const { worker } = useApp();
  const desk = useContext(DeskContext);
  useEffect(() => {
    load().then(
      (module) => {
        loaded.value = module[name];
      },
      async () => {
        isLost.value = !(await worker.goOver(desk?.isIdle ?? true));
      },
    );
  }, []);
  const Part = loaded.value;
  if (isLost.value) return <>{around?.(<Lost />) ?? <Lost />}</>;
  return Part === undefined ? null : <Part {...props} />;
}

function Lost() {
  const { list, shell } = useTexts();
  const { worker } = useApp();
  return (
    <div class="empty">
      <p>{worker.isNew.value ? shell.newVersion : list.unreachable}</p>
      <button type="button" class="button" onClick={() => worker.reload()}>
        {worker.isNew.value ? shell.reload : list.again}
      </button>
    </div>
  );
}
