/** The domains whose mail comes here, and one more. */
import { useSignal } from '@preact/signals';
import { useApp } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { FaultLine, useAdmin, useAsked } from './context.tsx';
import type { Fault } from './counter.ts';
import type { DomainFacts } from './wire.ts';

export function DomainsPage() {
  const { texts } = useAdmin();
  const { value, fault } = useAsked<{ domains: readonly DomainFacts[] }>('domains');
  return (
    <>
      <AddDomain />
      <FaultLine fault={fault} />
      {value?.domains.length === 0 ? <p class="hint">{texts.domains.none}</p> : null}
      <ul>
        {value?.domains.map((one) => (
          <DomainRow key={one.name} domain={one} />
        ))}
      </ul>
    </>
  );
}

function DomainRow({
  domain: { name, accounts, aliases, createdMs, keys, total },
}: {
  readonly domain: DomainFacts;
}) {
  const { texts } = useAdmin();
  const note =
    createdMs === undefined
      ? texts.domains.notAdded
      : keys.some(({ state }) => state === 'waiting')
        ? texts.domains.waiting
        : undefined;
  return (
    <li>
      <Link
        class="setting"
        place={{ at: 'admin', page: 'domain', parameters: `?${new URLSearchParams({ of: name })}` }}
      >
        <span>
          <span dir="auto">{name}</span>
          <small>{texts.domains.counts(texts.accounts.count(accounts), aliases)}</small>
          {total === undefined ? null : <Total total={total} />}
          {note === undefined ? null : <small class="admin-note">{note}</small>}
        </span>
        <Icon name="forward" />
      </Link>
    </li>
  );
}

/** How much all its accounts have together of what they may. */
function Total({ total }: { readonly total: NonNullable<DomainFacts['total']> }) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const size = (octets: number): string => formats.value.size(octets);
  const number = (count: number): string => formats.value.number(count);
  const { bytes, messages, usedBytes, usedMessages } = total;
  const parts = [
    ...(bytes === undefined ? [] : [texts.accounts.of(size(usedBytes), size(bytes))]),
    ...(messages === undefined ? [] : [texts.domains.mailsOf(number(usedMessages), number(messages))]),
  ];
  return <small>{texts.domains.together(parts.join(', '))}</small>;
}

function AddDomain() {
  const { counter, texts } = useAdmin();
  const { router } = useApp();
  const fault = useSignal<Fault | undefined>(undefined);
  const isUnderWay = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get('name')).trim();
    isUnderWay.value = true;
    const answer = await counter.ask<DomainFacts>('domains/add', { name });
    isUnderWay.value = false;
    fault.value = answer.fault;
    if (answer.fault !== undefined) return;
    router.go({
      at: 'admin',
      page: 'domain',
      parameters: `?${new URLSearchParams({ of: answer.value.name })}`,
    });
  };
  return (
    <form class="admin-inline" onSubmit={submit} aria-label={texts.domains.add}>
      <label class="field">
        <span>{texts.domains.name}</span>
        <input class="input" name="name" required maxLength={255} autocapitalize="none" autocomplete="off" />
      </label>
      <button type="submit" class="button primary" disabled={isUnderWay.value}>
        {texts.domains.go}
      </button>
      <FaultLine fault={fault.value} />
    </form>
  );
}
