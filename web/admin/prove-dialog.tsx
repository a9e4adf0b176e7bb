/** Asks for the administrator's own password before what cannot be taken back. */
import { useSignal } from '@preact/signals';
import { useApp } from '../shell/app.ts';
import { Window } from '../shell/dialogs.tsx';
import { FaultLine, useAdmin } from './context.tsx';
import type { Fault } from './counter.ts';

export function ProveDialog() {
  const { counter, texts } = useAdmin();
  const { account } = useApp();
  const fault = useSignal<Fault | undefined>(undefined);
  const isUnderWay = useSignal(false);
  const now = account.now.value;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    isUnderWay.value = true;
    fault.value = await counter.prove(String(new FormData(form).get('password')));
    isUnderWay.value = false;
    if (fault.value !== undefined) form.querySelector<HTMLInputElement>('input[type=password]')?.select();
  };
  return (
    <Window title={texts.prove.title} onClose={() => counter.cancel()}>
      <form class="settings-form" onSubmit={submit}>
        <p class="hint">{texts.prove.means}</p>
        <input
          type="text"
          name="username"
          autocomplete="username"
          value={now.state === 'in' ? now.session.address : ''}
          hidden
          readOnly
        />
        <label class="field">
          <span>{texts.prove.password}</span>
          <input
            class="input"
            type="password"
            name="password"
            autocomplete="current-password"
            required
            autofocus
            aria-invalid={fault.value !== undefined}
          />
        </label>
        <FaultLine fault={fault.value} />
        <div class="window-buttons">
          <button type="button" class="button" onClick={() => counter.cancel()}>
            {texts.cancel}
          </button>
          <button type="submit" class="button primary" disabled={isUnderWay.value}>
            {texts.prove.go}
          </button>
        </div>
      </form>
    </Window>
  );
}
