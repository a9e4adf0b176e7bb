/** The second question at the door: a code of the app, a passkey, or a code that was written down. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { SignInFault, StepShown, WaysIn } from '../shell/account.ts';
import { useApp } from '../shell/app.ts';
import { useFaultWords } from '../shell/ask-second-step.tsx';
import { Icon } from '../ui/icon.tsx';
import { signedBy } from './passkeys.ts';
import { useSecurityTexts } from './security-texts.ts';

export interface SecondStepProps {
  readonly ways: WaysIn;
  /** Undefined: signed in. */
  readonly onStep: (step: StepShown) => Promise<SignInFault | undefined>;
  readonly onBack: () => void;
}

const SAID = 'second-step-said';
/** Where the server has not said until when. */
const UNTOLD_MS = 60_000;

export function SecondStep({ ways, onStep, onBack }: SecondStepProps) {
  const texts = useSecurityTexts();
  const isWritten = useSignal(!ways.hasCodes);
  const fault = useSignal<SignInFault | undefined>(undefined);
  const isUnderWay = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget as HTMLFormElement).get('code')).trim();
    await show({ code });
  };
  const show = async (step: StepShown): Promise<void> => {
    isUnderWay.value = true;
    fault.value = await onStep(step);
    isUnderWay.value = false;
  };
  const byKey = async (asked: object): Promise<void> => {
    const passkey = await signedBy(asked);
    if (passkey === undefined) fault.value = 'wrongPasskey';
    else await show({ passkey });
  };
  const { passkey } = ways;
  return (
    <form onSubmit={submit} aria-label={texts.title}>
      <CodeField key={String(isWritten.value)} isWritten={isWritten.value} fault={fault.value} />
      <Said fault={fault.value} />
      <button class="button primary" type="submit" disabled={isUnderWay.value}>
        {isUnderWay.value ? texts.underWay : texts.submit}
      </button>
      {passkey === undefined ? null : (
        <button type="button" class="button" onClick={() => void byKey(passkey)}>
          {texts.usePasskey}
        </button>
      )}
      {ways.hasCodes && ways.hasRecoveryCodes ? (
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            isWritten.value = !isWritten.peek();
            fault.value = undefined;
          }}
        >
          {isWritten.value ? texts.useApp : texts.useRecovery}
        </button>
      ) : null}
      <button type="button" class="button quiet" onClick={onBack}>
        {texts.other}
      </button>
      <p class="hint">{texts.lost}</p>
    </form>
  );
}

function CodeField({ isWritten, fault }: { isWritten: boolean; fault: SignInFault | undefined }) {
  const texts = useSecurityTexts();
  const input = useRef<HTMLInputElement>(null);
  const isWrong = fault === 'wrongCode';
  useEffect(() => {
    if (isWrong) input.current?.select();
    else input.current?.focus();
  }, [isWrong]);
  return (
    <label class="field">
      <span>{isWritten ? texts.recovery : texts.code}</span>
      <input
        ref={input}
        class="input code-input"
        name="code"
        inputMode={isWritten ? 'text' : 'numeric'}
        autocomplete={isWritten ? 'off' : 'one-time-code'}
        autocapitalize="none"
        spellcheck={false}
        maxLength={40}
        required
        aria-invalid={isWrong}
        aria-describedby={SAID}
      />
    </label>
  );
}

function Said({ fault }: { readonly fault: SignInFault | undefined }) {
  const texts = useSecurityTexts();
  const { account, formats } = useApp();
  const general = useFaultWords(fault);
  const openAtMs = account.openAtMs ?? Date.now() + UNTOLD_MS;
  const words = fault === 'tooMany' ? texts.codeTooMany(formats.value.clock(openAtMs)) : general;
  return (
    <p id={SAID} class={words ? 'notice wrong' : 'notice'} role="status">
      {words ? <Icon name="warning" /> : null}
      {words}
    </p>
  );
}
