/** Whether the person may sign in and administer, and what lets in one who has lost the password. */
import { useSignal } from '@preact/signals';
import { SwitchSetting } from '../settings/controls.tsx';
import { useApp } from '../shell/app.ts';
import type { PartProps } from './account.tsx';
import { useAdmin, useDo } from './context.tsx';
import { OnceLink } from './copy-button.tsx';

export function SignIn({ account, onChanged }: PartProps) {
  const { texts } = useAdmin();
  const { notices } = useApp();
  const does = useDo();
  const { address, isClosed, isAdmin, isSelf } = account;
  const change = async (what: string, body: object): Promise<void> => {
    const isDone = await does(what, { address, ...body });
    if (isDone && what === 'account/second-step/reset') notices.show({ text: texts.account.stepReset });
    if (isDone && 'isOpen' in body)
      notices.show({ text: body.isOpen ? texts.account.opened : texts.account.closed });
    // Whatever came of it: the switch shows what is.
    await onChanged();
  };
  return (
    <section class="settings-group">
      <h2>{texts.account.signIn}</h2>
      {isSelf ? (
        <p class="hint admin-pad">{texts.account.self}</p>
      ) : (
        <>
          <SwitchSetting
            key={`open ${isClosed}`}
            name={texts.account.open}
            means={texts.account.openMeans}
            isOn={!isClosed}
            onChange={(isOpen) => void change('account/access', { isOpen })}
          />
          <SwitchSetting
            name={texts.account.role}
            means={texts.account.roleMeans}
            isOn={isAdmin}
            onChange={(wanted) => void change('account/role', { isAdmin: wanted })}
          />
        </>
      )}
      <SetPassword address={address} />
      {account.hasSecondStep ? (
        <button type="button" class="setting" onClick={() => void change('account/second-step/reset', {})}>
          <span>
            {texts.account.resetStep}
            <small>{texts.account.resetStepMeans}</small>
          </span>
        </button>
      ) : null}
      {isClosed ? null : <MakeLink address={address} />}
    </section>
  );
}

function SetPassword({ address }: { readonly address: string }) {
  const { texts } = useAdmin();
  const { notices } = useApp();
  const does = useDo();
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const password = String(new FormData(form).get('password'));
    if (!(await does('account/password', { address, password }))) return;
    notices.show({ text: texts.account.passwordSet });
    form.reset();
    form.closest('details')?.removeAttribute('open');
  };
  return (
    <details class="admin-fold">
      <summary class="setting">
        <span>
          {texts.account.setPassword}
          <small>{texts.account.setPasswordMeans}</small>
        </span>
      </summary>
      <form class="settings-form admin-pad" onSubmit={submit}>
        <input type="text" autocomplete="username" value={address} hidden readOnly />
        <label class="field">
          <span>{texts.account.newPassword}</span>
          <input
            class="input"
            type="password"
            name="password"
            minLength={8}
            required
            autocomplete="new-password"
          />
        </label>
        <button type="submit" class="button primary">
          {texts.account.setPassword}
        </button>
      </form>
    </details>
  );
}

function MakeLink({ address }: { readonly address: string }) {
  const { texts } = useAdmin();
  const does = useDo();
  const token = useSignal<string | undefined>(undefined);
  if (token.value !== undefined)
    return (
      <div class="admin-pad">
        <OnceLink token={token.value} />
      </div>
    );
  return (
    <button
      type="button"
      class="setting"
      onClick={() =>
        void does<{ token: string }>('account/link', { address }, (made) => {
          token.value = made.token;
        })
      }
    >
      <span>
        {texts.account.makeLink}
        <small>{texts.account.makeLinkMeans}</small>
      </span>
    </button>
  );
}
