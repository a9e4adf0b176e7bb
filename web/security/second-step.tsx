/** The second question at the door: a code of the app, or one that was written down. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { SignInFault, WaysIn } from '../shell/account.ts';
import { useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { useSecurityTexts } from './security-texts.ts';

export interface SecondStepProps {
  readonly ways: WaysIn;
  /** Undefined: signed in. */
  readonly onCode: (code: string) => Promise<SignInFault | undefined>;
  readonly onBack: () => void;
}

const SAID = 'second-step-said';

export function SecondStep({ ways, onCode, onBack }: SecondStepProps) {
  const texts = useSecurityTexts();
  const isWritten = useSignal(!ways.hasCodes);
  const fault = useSignal<SignInFault | undefined>(undefined);
  const isUnderWay = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget as HTMLFormElement).get('code')).trim();
    isUnderWay.value = true;
    fault.value = await onCode(code);
    isUnderWay.value = false;
  };
  return (
    <form onSubmit={submit} aria-label={texts.title}>
      <CodeField key={String(isWritten.value)} isWritten={isWritten.value} fault={fault.value} />
      <Said fault={fault.value} />
      <button class="button primary" type="submit" disabled={isUnderWay.value}>
        {isUnderWay.value ? texts.underWay : texts.submit}
      </button>
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
  const { signIn } = useTexts();
  const words = fault === 'tooMany' ? texts.codeTooMany : fault && signIn[fault];
  return (
    <p id={SAID} class={words ? 'notice wrong' : 'notice'} role="status">
      {words ? <Icon name="warning" /> : null}
      {words}
    </p>
  );
}
