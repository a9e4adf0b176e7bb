/** Mail that finds no room: since when, and until when it is kept. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useDesk } from '../shell/app.ts';
import { useSpaceTexts } from './space-texts.tsx';

interface Quota {
  readonly waitingSince: string | null;
  readonly waitingUntil: string | null;
}

const PROPERTIES = ['waitingSince', 'waitingUntil'];

export function Waiting() {
  const { sync, space } = useDesk();
  const { formats } = useApp();
  const texts = useSpaceTexts();
  const found = useSignal<Quota | undefined>(undefined);
  const isWaitedFor = space.now.value?.isWaitedFor ?? false;
  useEffect(() => {
    if (!isWaitedFor) return;
    void sync.client
      .call<{ readonly list: readonly Quota[] }>('Quota/get', { ids: null, properties: PROPERTIES })
      .result.then(
        ({ list }) => {
          found.value = list.find(({ waitingSince }) => waitingSince !== null);
        },
        () => {},
      );
  }, [isWaitedFor]);
  const { waitingSince, waitingUntil } = found.value ?? {};
  if (!isWaitedFor || waitingSince == null || waitingUntil == null) return null;
  const { nearTime } = formats.value;
  return (
    <p class="notice" role="status">
      {texts.waits(nearTime(waitingSince), nearTime(waitingUntil))}
    </p>
  );
}
