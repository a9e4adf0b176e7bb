/** Addresses of a domain that lead to others. */
import { useSignal } from '@preact/signals';
import { Icon } from '../ui/icon.tsx';
import { FaultLine, useAdmin, useAsked, useDo } from './context.tsx';
import type { Fault } from './counter.ts';
import type { AliasFacts } from './wire.ts';

export function Aliases({ domain }: { readonly domain: string }) {
  const { texts } = useAdmin();
  const does = useDo();
  const { value, fault, again } = useAsked<{ aliases: readonly AliasFacts[]; total: number }>('aliases', {
    domain,
  });
  const more = (value?.total ?? 0) - (value?.aliases.length ?? 0);
  return (
    <section class="settings-group">
      <h2>{texts.aliases.title}</h2>
      <p class="hint">{texts.aliases.means}</p>
      <FaultLine fault={fault} />
      <ul>
        {value?.aliases.map(({ address, targets }) => (
          <li key={address} class="setting">
            <span>
              <span dir="auto">{address}</span>
              <small dir="auto">{texts.aliases.leadsTo(targets.join(', '))}</small>
            </span>
            <button
              type="button"
              class="icon-button"
              title={texts.aliases.drop(address)}
              aria-label={texts.aliases.drop(address)}
              onClick={() => void does('aliases/drop', { address, targets: 'all' }).then(again)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      {more > 0 ? <p class="hint">{texts.aliases.more(more)}</p> : null}
      <AddAlias domain={domain} onAdded={() => void again()} />
    </section>
  );
}

function AddAlias({ domain, onAdded }: { readonly domain: string; readonly onAdded: () => void }) {
  const { counter, texts } = useAdmin();
  const fault = useSignal<Fault | undefined>(undefined);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const typed = String(fields.get('address')).trim();
    const address = typed.includes('@') ? typed : `${typed}@${domain}`;
    const targets = String(fields.get('targets'))
      .split(/[\s,;]+/)
      .filter(Boolean);
    const answer = await counter.ask('aliases/add', { address, targets });
    fault.value = answer.fault;
    if (answer.fault !== undefined) return;
    form.reset();
    onAdded();
  };
  return (
    <form class="admin-inline admin-pad" onSubmit={submit} aria-label={texts.aliases.add}>
      <label class="field">
        <span>{texts.aliases.address}</span>
        <input
          class="input"
          name="address"
          required
          maxLength={320}
          autocapitalize="none"
          autocomplete="off"
        />
      </label>
      <label class="field">
        <span>{texts.aliases.targets}</span>
        <input
          class="input"
          name="targets"
          required
          autocapitalize="none"
          autocomplete="off"
          aria-describedby="targets-hint"
        />
      </label>
      <button type="submit" class="button">
        {texts.aliases.add}
      </button>
      <p class="hint" id="targets-hint">
        {texts.aliases.targetsHint}
      </p>
      <FaultLine fault={fault.value} />
    </form>
  );
}
