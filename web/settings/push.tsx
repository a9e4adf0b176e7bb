/** The switch for notifications of new mail on this device. Where the browser cannot, or nothing may be kept, there is none. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { SwitchSetting } from './controls.tsx';
import { type PushHere, type PushState, pushHere } from './push-here.ts';

export function PushSetting() {
  const { notices } = useApp();
  const desk = useDesk();
  const { settings: texts } = useTexts();
  const push = useSignal<PushHere | undefined>(undefined);
  const state = useSignal<PushState>('off');
  useEffect(() => {
    void desk.keeping.then(async (keeping) => {
      push.value = pushHere(desk.sync.client, keeping);
      state.value = (await push.value?.state()) ?? 'off';
    });
  }, []);
  const here = push.value;
  if (here === undefined) return null;
  const turn = async (isOn: boolean): Promise<void> => {
    try {
      state.value = await (isOn ? here.on() : here.off());
    } catch {
      state.value = await here.state();
      notices.show({ text: texts.pushFailed, isWrong: true });
    }
  };
  return (
    <SwitchSetting
      name={texts.push}
      means={state.value === 'denied' ? texts.pushDenied : texts.pushMeans}
      isOn={state.value === 'on'}
      onChange={(isOn) => void turn(isOn)}
    />
  );
}
