/** All accounts, found by a part of the address, page after page. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { FaultLine, useAdmin } from './context.tsx';
import type { Fault } from './counter.ts';
import type { AccountFacts, AccountsPage as Page } from './wire.ts';

type Standing = 'all' | 'admin' | 'closed';
const STANDINGS: readonly Standing[] = ['all', 'admin', 'closed'];
/** Whoever types does not ask with every letter. */
const PAUSE_MS = 200;

export function AccountsPage() {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const search = useSignal('');
  const standing = useSignal<Standing>('all');
  const { found, fault, more } = useAccounts(search.value, standing.value);
  return (
    <>
      <div class="admin-tools">
        <input
          class="input"
          type="search"
          aria-label={texts.accounts.find}
          placeholder={texts.accounts.find}
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
        <select
          class="input"
          aria-label={texts.accounts.standing}
          value={standing.value}
          onChange={(event) => {
            standing.value = event.currentTarget.value as Standing;
          }}
        >
          {STANDINGS.map((one) => (
            <option key={one} value={one}>
              {texts.accounts.standings[one]}
            </option>
          ))}
        </select>
        <Link class="button primary" place={{ at: 'admin', page: 'add' }}>
          <Icon name="plus" />
          {texts.accounts.add}
        </Link>
      </div>
      <FaultLine fault={fault} />
      {found === undefined ? null : (
        <section>
          <p class="hint" role="status">
            {found.total === 0 ? texts.accounts.none : texts.accounts.count(found.total)}
          </p>
          <ul>
            {found.accounts.map((one) => (
              <AccountRow key={one.address} account={one} />
            ))}
          </ul>
          {found.accounts.length < found.total ? (
            <button type="button" class="button admin-more" onClick={() => void more()}>
              {texts.more} ({formats.value.number(found.total - found.accounts.length)})
            </button>
          ) : null}
        </section>
      )}
    </>
  );
}

function AccountRow({ account }: { readonly account: AccountFacts }) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const { address, usedBytes, quotaBytes, usedMessages, isAdmin, isClosed } = account;
  const used = formats.value.size(usedBytes);
  return (
    <li>
      <Link
        class="setting admin-row"
        place={{ at: 'admin', page: 'account', parameters: `?${new URLSearchParams({ of: address })}` }}
      >
        <span class="admin-name" dir="auto">
          {address}
        </span>
        <span class="admin-fact">{texts.accounts.mails(usedMessages)}</span>
        <span class="admin-fact">
          {quotaBytes === undefined ? used : texts.accounts.of(used, formats.value.size(quotaBytes))}
        </span>
        <span class="admin-chips">
          {isClosed ? <span class="admin-chip warn">{texts.accounts.closed}</span> : null}
          {isAdmin ? <span class="admin-chip">{texts.accounts.admin}</span> : null}
        </span>
        <Icon name="forward" />
      </Link>
    </li>
  );
}

/** The pages that are shown, as one; begun anew when something else is sought. */
function useAccounts(search: string, standing: Standing) {
  const { counter } = useAdmin();
  const found = useSignal<Page | undefined>(undefined);
  const fault = useSignal<Fault | undefined>(undefined);
  const wanted = { ...(search.trim() && { search: search.trim() }), ...(standing !== 'all' && { standing }) };
  useEffect(() => {
    let isLate = false;
    const look = async (): Promise<void> => {
      const answer = await counter.ask<Page>('accounts', wanted);
      if (isLate) return;
      fault.value = answer.fault;
      if (answer.fault === undefined) found.value = answer.value;
    };
    const timer = setTimeout(() => void look(), found.peek() === undefined ? 0 : PAUSE_MS);
    return () => {
      isLate = true;
      clearTimeout(timer);
    };
  }, [search, standing]);
  const more = async (): Promise<void> => {
    const before = found.peek();
    const after = before?.accounts.at(-1)?.address;
    const answer = await counter.ask<Page>('accounts', { ...wanted, ...(after && { after }) });
    if (found.peek() !== before) return;
    fault.value = answer.fault;
    if (answer.fault === undefined)
      found.value = { ...answer.value, accounts: [...(before?.accounts ?? []), ...answer.value.accounts] };
  };
  return { found: found.value, fault: fault.value, more };
}
