/** The administration: the same house with other rooms, for whoever may see them. Loaded when somebody goes there. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useApp, useTexts } from '../shell/app.ts';
import type { AdminTexts } from '../text/en/admin.ts';
import type { Language } from '../text/language.ts';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { AccountPage } from './account.tsx';
import { AccountsPage } from './accounts.tsx';
import { AddAccountPage } from './add-account.tsx';
import { ConnectionsPage } from './connections.tsx';
import { AdminContext, useAdmin } from './context.tsx';
import { Counter } from './counter.ts';
import { DomainPage } from './domain.tsx';
import { DomainsPage } from './domains.tsx';
import { ProveDialog } from './prove-dialog.tsx';
import { QueuePage } from './queue.tsx';
import { ServerPage } from './server.tsx';
import { SignInsPage } from './sign-ins.tsx';

interface AdminProps {
  readonly page: string | undefined;
  /** `?of=<address or domain>` */
  readonly parameters: string;
}

/** Each with a place in the row of links; the others are reached from these. */
const ROOMS = ['accounts', 'domains', 'queue', 'connections', 'sign-ins', 'server'] as const;
const WITHIN: Readonly<Record<string, (typeof ROOMS)[number]>> = {
  ...{ account: 'accounts', add: 'accounts', domain: 'domains' },
};

export function Admin({ page = 'accounts', parameters }: AdminProps) {
  const { account, language } = useApp();
  const texts = useSignal<AdminTexts | undefined>(undefined);
  const counter = useMemo(
    () =>
      new Counter({
        fetch: (input, init) => fetch(input, init),
        nowMs: () => Date.now(),
        onSignedOut: () => account.ended(),
      }),
    [],
  );
  useEffect(() => {
    void textsOf(language.value).then((loaded) => {
      texts.value = loaded;
    });
  }, [language.value]);
  useEffect(() => {
    // Whoever lost the role loses the way here as well.
    if (!counter.isOpen.value) void account.look();
  }, [counter.isOpen.value]);
  if (texts.value === undefined) return null;
  return (
    <AdminContext.Provider value={{ counter, texts: texts.value }}>
      {counter.isOpen.value ? (
        <House page={page} of={new URLSearchParams(parameters).get('of') ?? ''} />
      ) : (
        <Closed />
      )}
      {counter.wantsPassword ? <ProveDialog /> : null}
    </AdminContext.Provider>
  );
}

async function textsOf(language: Language): Promise<AdminTexts> {
  return language === 'sv'
    ? (await import('../text/sv/admin.ts')).admin
    : (await import('../text/en/admin.ts')).admin;
}

function House({ page, of }: { readonly page: string; readonly of: string }) {
  const { texts } = useAdmin();
  switch (page) {
    case 'account':
      return <Room key={of} page={page} title={of} content={<AccountPage address={of} />} />;
    case 'add':
      return <Room page={page} title={texts.add.title} content={<AddAccountPage />} />;
    case 'domains':
      return <Room page={page} title={texts.pages.domains} content={<DomainsPage />} />;
    case 'domain':
      return <Room key={of} page={page} title={of} content={<DomainPage name={of} />} />;
    case 'queue':
      return <Room page={page} title={texts.pages.queue} content={<QueuePage />} />;
    case 'connections':
      return <Room page={page} title={texts.pages.connections} content={<ConnectionsPage />} />;
    case 'sign-ins':
      return <Room page={page} title={texts.pages['sign-ins']} content={<SignInsPage />} />;
    case 'server':
      return <Room page={page} title={texts.pages.server} content={<ServerPage />} />;
    default:
      return <Room page="accounts" title={texts.pages.accounts} content={<AccountsPage />} />;
  }
}

interface RoomProps {
  readonly page: string;
  readonly title: string;
  readonly content: ComponentChildren;
}

function Room({ page, title, content }: RoomProps) {
  const { router } = useApp();
  const { shell } = useTexts();
  const { texts } = useAdmin();
  const current = WITHIN[page] ?? page;
  const rooms = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone they are more than fit.
    rooms.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [current]);
  return (
    <section class="settings" aria-labelledby="admin-name">
      <nav ref={rooms} class="admin-rooms" aria-label={texts.title}>
        {ROOMS.map((one) => (
          <Link
            key={one}
            class="admin-room"
            place={one === 'accounts' ? { at: 'admin' } : { at: 'admin', page: one }}
            isCurrent={one === current}
          >
            {texts.pages[one]}
          </Link>
        ))}
      </nav>
      <div class="settings-column admin-column">
        <header class="settings-head">
          {current === page ? null : (
            <button type="button" class="icon-button" aria-label={shell.back} onClick={() => router.back()}>
              <Icon name="back" />
            </button>
          )}
          <h1 id="admin-name" dir="auto">
            {title}
          </h1>
        </header>
        {content}
      </div>
    </section>
  );
}

function Closed() {
  const { texts } = useAdmin();
  return (
    <div class="empty">
      <p role="alert">{texts.closed}</p>
    </div>
  );
}
