/** The app passwords of an account: seen and taken away, never made here. */
import { useApp } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import type { PartProps } from './account.tsx';
import { useAdmin, useDo } from './context.tsx';

export function AppPasswords({ account: { address, appPasswords }, onChanged }: PartProps) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const does = useDo();
  return (
    <section class="settings-group">
      <h2>{texts.account.appPasswords}</h2>
      {appPasswords.length === 0 ? <p class="hint admin-pad">{texts.account.noAppPasswords}</p> : null}
      <ul>
        {appPasswords.map(({ number, name = String(number), lastUse }) => (
          <li key={number} class="setting">
            <span>
              <span dir="auto">{name}</span>
              <small>
                {lastUse === undefined
                  ? texts.account.notUsed
                  : texts.account.lastUsed(formats.value.day(lastUse.atMs), lastUse.remote, lastUse.service)}
              </small>
            </span>
            <button
              type="button"
              class="icon-button"
              title={texts.account.revoke(name)}
              aria-label={texts.account.revoke(name)}
              onClick={() => void does('account/app-passwords/revoke', { address, number }).then(onChanged)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
