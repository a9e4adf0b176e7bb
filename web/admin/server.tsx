/** How the server is, and the certificates that it shows. */
import type { ComponentChildren } from 'preact';
import { useApp } from '../shell/app.ts';
import type { AdminTexts } from '../text/en/admin.ts';
import type { Formats } from '../text/format.ts';
import { Icon } from '../ui/icon.tsx';
import { FaultLine, useAdmin, useAsked } from './context.tsx';
import type { ServerState } from './wire.ts';

/** As the server writes sizes. */
const UNITS: Readonly<Record<string, number>> = { MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

export function ServerPage() {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const { value, fault } = useAsked<ServerState>('server');
  if (value === undefined) return <FaultLine fault={fault} />;
  const { version, startedMs, health, certificates } = value;
  return (
    <>
      <p class="hint">
        {texts.server.version(version, formats.value.fullTime(new Date(startedMs).toISOString()))}
      </p>
      <section class="settings-group">
        <h2>{texts.server.health}</h2>
        <ul>
          {health.checks.map(({ name, state, detail }) => (
            <li key={name} class="setting">
              <span>
                {texts.server.checks[name] ?? name}
                <small>{detailOf(detail, texts, formats.value)}</small>
              </span>
              <span class={`admin-verdict ${state === 'ok' ? 'ok' : state === 'warning' ? 'warn' : 'fail'}`}>
                <Icon name={state === 'ok' ? 'check' : 'warning'} />
                {texts.server.states[state] ?? state}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section class="settings-group">
        <h2>{texts.server.certificates}</h2>
        <ul>
          {certificates.map((one) => (
            <Certificate key={`${one.names.join()} ${one.untilMs}`} certificate={one} />
          ))}
        </ul>
      </section>
    </>
  );
}

/** What the server says of itself in a few forms; anything else is an error of the system, in its own words. */
function detailOf(
  detail: string,
  { server: texts }: AdminTexts,
  formats: Pick<Formats, 'size'>,
): ComponentChildren {
  const [, count, unit = ''] = /^(\d+)(MiB|GiB|TiB) free$/.exec(detail) ?? [];
  if (count !== undefined) return texts.free(formats.size(Number(count) * (UNITS[unit] ?? 1)));
  const [, days] = /^(\d+) days? left$/.exec(detail) ?? [];
  if (days !== undefined) return texts.daysLeft(Number(days));
  return texts.details[detail] ?? <span lang="en">{detail}</span>;
}

function Certificate({ certificate }: { readonly certificate: ServerState['certificates'][number] }) {
  const { texts } = useAdmin();
  const { formats } = useApp();
  const { names, issuer, untilMs, isSelfSigned, isForAll } = certificate;
  const day = formats.value.day(untilMs);
  const hasEnded = untilMs < Date.now();
  return (
    <li class="setting">
      <span>
        {names.join(', ')}
        <small class={hasEnded ? 'admin-bad' : undefined}>
          {hasEnded
            ? texts.server.ended(day)
            : isSelfSigned
              ? texts.server.untilSelf(day)
              : texts.server.until(day, issuer)}
        </small>
      </span>
      <span class="admin-chip">{isForAll ? texts.server.forAll : texts.server.forNames}</span>
    </li>
  );
}
