/** The sign-in screen: an address, a password, one question; a second step where the account has one. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';
import type { Credentials, SignInFault, WaysIn } from './account.ts';
import { useApp, useTexts } from './app.ts';
import { AskSecondStep, AtTheDoor, useFaultWords } from './ask-second-step.tsx';

const SAID = 'sign-in-said';

export function SignIn() {
  const { account } = useApp();
  const { signIn: texts } = useTexts();
  const fault = useSignal<SignInFault | undefined>(undefined);
  const isUnderWay = useSignal(false);
  const half = useSignal<{ readonly ways: WaysIn; readonly credentials: Credentials } | undefined>(undefined);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    isUnderWay.value = true;
    const credentials = {
      address: String(fields.get('username')).trim(),
      password: String(fields.get('password')),
      isOwnDevice: fields.get('own') !== null,
    };
    const outcome = await account.signIn(credentials);
    isUnderWay.value = false;
    fault.value = typeof outcome === 'string' ? outcome : undefined;
    if (typeof outcome === 'object') half.value = { ways: outcome, credentials };
  };
  if (half.value !== undefined) {
    const { ways, credentials } = half.value;
    return (
      <AskSecondStep
        ways={ways}
        enter={(step) => account.signIn(credentials, step)}
        onBack={() => {
          half.value = undefined;
        }}
      />
    );
  }

  return (
    <AtTheDoor>
      <form onSubmit={submit} aria-label={texts.title}>
        <AddressField />
        <PasswordField fault={fault} />
        <label class="choice">
          <input type="checkbox" name="own" />
          <span>
            {texts.ownDevice}
            <small>{texts.ownDeviceMeans}</small>
          </span>
        </label>
        <Said fault={fault.value} />
        <button class="button primary" type="submit" disabled={isUnderWay.value}>
          {isUnderWay.value ? texts.underWay : texts.submit}
        </button>
        <PasskeyButton fault={fault} />
      </form>
    </AtTheDoor>
  );
}

/** What a key alone needs is loaded when somebody wants that. */
function PasskeyButton({ fault }: { readonly fault: Signal<SignInFault | undefined> }) {
  const { account } = useApp();
  const { signIn: texts } = useTexts();
  // It is for a name, not for an address of digits.
  if (!('PublicKeyCredential' in window) || /^[\d.]+$|^\[/.test(location.hostname)) return null;
  const enter = async (event: MouseEvent): Promise<void> => {
    const { form } = event.currentTarget as HTMLButtonElement;
    const isOwnDevice = form !== null && new FormData(form).get('own') !== null;
    fault.value = undefined;
    fault.value = await import('../security/passkeys.ts').then(
      ({ enterByPasskey }) => enterByPasskey(account, isOwnDevice),
      () => 'unreachable' as const,
    );
  };
  return (
    <button class="button quiet" type="button" onClick={(event) => void enter(event)}>
      {texts.passkey}
    </button>
  );
}

function AddressField() {
  const { signIn: texts } = useTexts();
  return (
    <label class="field">
      <span>{texts.address}</span>
      <input
        class="input"
        name="username"
        type="email"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        required
        autofocus
      />
    </label>
  );
}

function PasswordField({ fault }: { readonly fault: Signal<SignInFault | undefined> }) {
  const { signIn: texts } = useTexts();
  const isShown = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const isWrong = fault.value === 'wrong';
  useEffect(() => {
    if (isWrong) input.current?.select();
  }, [isWrong]);
  return (
    <div class="field">
      <label for="password">{texts.password}</label>
      <div class="sign-in-password">
        <input
          // The types know no field that changes between the two, the one thing that this button does.
          type={(isShown.value ? 'text' : 'password') as 'password'}
          ref={input}
          id="password"
          class="input"
          name="password"
          autocomplete="current-password"
          aria-invalid={isWrong}
          aria-describedby={SAID}
          required
        />
        <button
          type="button"
          class="icon-button"
          aria-pressed={isShown.value}
          aria-label={isShown.value ? texts.hidePassword : texts.showPassword}
          onClick={() => {
            isShown.value = !isShown.value;
          }}
        >
          <Icon name={isShown.value ? 'hidden' : 'shown'} />
        </button>
      </div>
    </div>
  );
}

/** One line: what went wrong, or why one has to sign in again. */
function Said({ fault }: { readonly fault: SignInFault | undefined }) {
  const { signIn: texts } = useTexts();
  const { account, carried } = useApp();
  const words = useFaultWords(fault);
  const now = account.now.value;
  const unsent = carried.unsent.value;
  const ended = unsent === 0 ? texts.ended : texts.endedUnsent(unsent);
  const hint = now.state === 'out' && now.why === 'ended' ? ended : undefined;
  return (
    <p id={SAID} class={fault ? 'notice wrong' : 'notice'} role="status">
      {fault ? <Icon name="warning" /> : null}
      {words ?? hint}
    </p>
  );
}
