/** The password once more, before what changes how one comes in. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useApp } from '../shell/app.ts';
import type { DoorAnswer, DoorFault } from './doors.ts';
import { useSecurityTexts } from './security-texts.ts';

interface ProveProps<T> {
  readonly ask: (password: string, fields: FormData) => Promise<DoorAnswer<T>>;
  readonly onDone: (value: T, password: string) => void;
  /** What else is asked, above the password. */
  readonly children?: ComponentChildren;
  readonly button?: string;
}

export function Prove<T>({ ask, onDone, button, children }: ProveProps<T>) {
  const texts = useSecurityTexts();
  const { account } = useApp();
  const fault = useSignal<DoorFault | undefined>(undefined);
  const isUnderWay = useSignal(false);
  const now = account.now.value;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const password = String(fields.get('password'));
    isUnderWay.value = true;
    const answer = await ask(password, fields);
    isUnderWay.value = false;
    fault.value = 'fault' in answer ? answer.fault : undefined;
    if ('value' in answer) onDone(answer.value, password);
    else form.querySelector<HTMLInputElement>('input[type=password]')?.select();
  };
  const me = now.state === 'in' ? now.session.address : '';
  return (
    <form class="settings-form" onSubmit={submit}>
      {children}
      <input type="text" name="username" autocomplete="username" value={me} hidden readOnly />
      <label class="field">
        <span>{texts.prove}</span>
        <input
          class="input"
          type="password"
          name="password"
          autocomplete="current-password"
          required
          autofocus={children === undefined}
          aria-invalid={fault.value !== undefined}
        />
        <small class="hint">{texts.proveMeans}</small>
      </label>
      <DoorFaultLine fault={fault.value} />
      <button type="submit" class="button primary" disabled={isUnderWay.value}>
        {button ?? texts.go}
      </button>
    </form>
  );
}

export function DoorFaultLine({ fault }: { readonly fault: DoorFault | undefined }) {
  const texts = useSecurityTexts();
  if (fault === undefined) return null;
  return (
    <p class="notice wrong" role="alert">
      {texts[fault]}
    </p>
  );
}
