/** A new password, with the old one beside it. */
import { useSignal } from '@preact/signals';
import { useApp, useTexts } from '../shell/app.ts';
import { INBOX } from '../shell/places.ts';
import { useSecurityTexts } from './security-texts.ts';

const FAULTS: Readonly<Record<number, 'passwordWrong' | 'passwordShort'>> = {
  401: 'passwordWrong',
  422: 'passwordShort',
};

export function PasswordPage() {
  const { account, notices, router } = useApp();
  const { settings, signIn } = useTexts();
  const { newPassword: texts } = useSecurityTexts();
  const fault = useSignal<string | undefined>(undefined);
  const isUnderWay = useSignal(false);
  const now = account.now.value;
  const me = now.state === 'in' ? now.session.address : '';
  const mayChoose = now.state === 'in' && now.session.mayChoosePassword === true;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    isUnderWay.value = true;
    const old = mayChoose ? {} : { old: String(fields.get('old')) };
    const body = { ...old, new: String(fields.get('new')) };
    const { status } = await account.change('/web/password', body);
    isUnderWay.value = false;
    if (status !== 204) {
      fault.value = status === 429 ? signIn.tooMany : texts[FAULTS[status] ?? 'failed'];
      return;
    }
    notices.show({ text: texts.passwordChanged });
    void account.look();
    if (mayChoose) router.replace(INBOX);
    else router.back();
  };
  return (
    <form class="settings-form" onSubmit={submit}>
      <input type="text" name="username" autocomplete="username" value={me} hidden readOnly />
      {mayChoose ? (
        <p class="hint">
          <strong>{me}</strong>
          <br />
          {texts.choosePassword}
        </p>
      ) : (
        <label class="field">
          <span>{texts.oldPassword}</span>
          <input class="input" type="password" name="old" autocomplete="current-password" required />
        </label>
      )}
      <label class="field">
        <span>{texts.newPassword}</span>
        <input
          class="input"
          type="password"
          name="new"
          autocomplete="new-password"
          minLength={8}
          required
          aria-describedby="password-hint"
        />
        <small id="password-hint" class="hint">
          {texts.newPasswordHint}
        </small>
      </label>
      {fault.value ? (
        <p class="notice wrong" role="alert">
          {fault.value}
        </p>
      ) : null}
      <button type="submit" class="button primary" disabled={isUnderWay.value}>
        {settings.password}
      </button>
    </form>
  );
}
