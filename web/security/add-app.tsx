/** An authenticator app is told the key, and shows that it has it: nothing is kept before that. */
import { useSignal } from '@preact/signals';
import type { ChangedDoors, DoorFault, Doors, NewKey } from './doors.ts';
import { DoorFaultLine, Prove } from './prove.tsx';
import { QrCode } from './qr-code.tsx';
import { useSecurityTexts } from './security-texts.ts';

interface AddAppProps {
  readonly doors: Doors;
  readonly onDone: (changed: ChangedDoors) => void;
}

export function AddApp({ doors, onDone }: AddAppProps) {
  const made = useSignal<{ readonly key: NewKey; readonly password: string } | undefined>(undefined);
  if (made.value === undefined)
    return (
      <Prove
        ask={(password) => doors.beginApp(password)}
        onDone={(key, password) => {
          made.value = { key, password };
        }}
      />
    );
  const { key, password } = made.value;
  return <Confirm made={key} confirm={(code) => doors.addApp(password, key.key, code)} onDone={onDone} />;
}

interface ConfirmProps {
  readonly made: NewKey;
  readonly confirm: (code: string) => ReturnType<Doors['addApp']>;
  readonly onDone: (changed: ChangedDoors) => void;
}

function Confirm({ made, confirm, onDone }: ConfirmProps) {
  const texts = useSecurityTexts();
  const fault = useSignal<DoorFault | undefined>(undefined);
  const isUnderWay = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    isUnderWay.value = true;
    const answer = await confirm(String(new FormData(form).get('code')));
    isUnderWay.value = false;
    if ('value' in answer) return onDone(answer.value);
    fault.value = answer.fault;
    form.querySelector<HTMLInputElement>('input')?.select();
  };
  return (
    <form class="settings-form" onSubmit={submit}>
      <p>
        <a href={made.uri}>{texts.scan}</a>
      </p>
      <QrCode qr={made.qr} name={texts.scanName} />
      <p class="hint">{texts.orType}</p>
      <p class="secret secret-key">{made.key.match(/.{4}/g)?.join(' ')}</p>
      <label class="field">
        <span>{texts.enter}</span>
        <input
          class="input code-input"
          name="code"
          inputMode="numeric"
          autocomplete="one-time-code"
          maxLength={10}
          required
          autofocus
          aria-invalid={fault.value !== undefined}
        />
      </label>
      <DoorFaultLine fault={fault.value} />
      <button type="submit" class="button primary" disabled={isUnderWay.value}>
        {texts.confirm}
      </button>
    </form>
  );
}
