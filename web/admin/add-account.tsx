/** A new account: with a link for its person, who chooses a password, or with one that the administrator passes on. */
import { useSignal } from '@preact/signals';
import { Link } from '../ui/link.tsx';
import { FaultLine, useAdmin } from './context.tsx';
import { OnceLink } from './copy-button.tsx';
import type { Fault } from './counter.ts';
import { octetsOf, QUOTA_PATTERN, quotaText } from './quota.ts';

interface Made {
  readonly address: string;
  readonly token?: string;
}

export function AddAccountPage() {
  const made = useSignal<Made | undefined>(undefined);
  if (made.value === undefined) return <NewAccount onMade={(one) => (made.value = one)} />;
  return <IsThere made={made.value} />;
}

function NewAccount({ onMade }: { readonly onMade: (made: Made) => void }) {
  const { counter, texts } = useAdmin();
  const isByLink = useSignal(true);
  const isUnderWay = useSignal(false);
  const fault = useSignal<Fault | undefined>(undefined);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const quota = octetsOf(String(fields.get('quota')));
    isUnderWay.value = true;
    const answer = await counter.ask<Made>('accounts/add', {
      address: String(fields.get('address')).trim(),
      ...(isByLink.peek() ? {} : { password: String(fields.get('password')) }),
      ...(quota !== undefined && { quotaBytes: quota }),
    });
    isUnderWay.value = false;
    fault.value = answer.fault;
    if (answer.fault === undefined) onMade(answer.value);
  };
  const way = (isLink: boolean, name: string, means?: string) => (
    <label class="choice">
      <input
        type="radio"
        name="way"
        checked={isByLink.value === isLink}
        onChange={() => {
          isByLink.value = isLink;
        }}
      />
      <span>
        {name}
        {means ? <small>{means}</small> : null}
      </span>
    </label>
  );
  return (
    <form class="settings-form" onSubmit={submit}>
      <label class="field">
        <span>{texts.add.address}</span>
        <input
          class="input"
          name="address"
          required
          maxLength={320}
          autocomplete="off"
          autocapitalize="none"
          autofocus
        />
        <small class="hint">{texts.add.addressHint}</small>
      </label>
      <fieldset class="admin-ways">
        <legend>{texts.add.how}</legend>
        {way(true, texts.add.byLink, texts.add.byLinkMeans)}
        {way(false, texts.add.byPassword)}
      </fieldset>
      {isByLink.value ? null : (
        <label class="field">
          <span>{texts.add.password}</span>
          <input
            class="input"
            type="password"
            name="password"
            minLength={8}
            required
            autocomplete="new-password"
          />
        </label>
      )}
      <QuotaField name={texts.add.quota} />
      <FaultLine fault={fault.value} />
      <button type="submit" class="button primary" disabled={isUnderWay.value}>
        {texts.add.go}
      </button>
    </form>
  );
}

export function QuotaField({ name, bytes }: { readonly name: string; readonly bytes?: number | undefined }) {
  return (
    <label class="field">
      <span>{name}</span>
      <input
        class="input"
        name="quota"
        pattern={QUOTA_PATTERN}
        defaultValue={bytes === undefined ? '' : quotaText(bytes)}
      />
    </label>
  );
}

function IsThere({ made: { address, token } }: { readonly made: Made }) {
  const { texts } = useAdmin();
  return (
    <>
      <p role="status">{texts.add.made(address)}</p>
      {token === undefined ? null : <OnceLink token={token} />}
      <div class="settings-buttons">
        <Link
          class="button"
          place={{ at: 'admin', page: 'account', parameters: `?${new URLSearchParams({ of: address })}` }}
        >
          {address}
        </Link>
        <Link class="button" place={{ at: 'admin' }}>
          {texts.done}
        </Link>
      </div>
    </>
  );
}
