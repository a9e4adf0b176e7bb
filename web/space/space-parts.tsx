/** What the page of space is made of: how much is used, and rows with a bar, each of which leads to what it stands for. */
import type { ComponentChildren } from 'preact';
import { useApp } from '../shell/app.ts';
import type { Place } from '../shell/places.ts';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import type { Report, Sum } from './report.ts';
import { useSpaceTexts } from './space-texts.tsx';

const CAUTION = 0.8;

export function Used({ report }: { readonly report: Report }) {
  const { formats } = useApp();
  const texts = useSpaceTexts();
  const { total, limit, forecast } = report;
  const { size, day } = formats.value;
  const part = limit === null ? undefined : Math.min(1, total.size / Math.max(1, limit));
  const said = limit === null ? texts.usedAlone(size(total.size)) : texts.used(size(total.size), size(limit));
  const monthly = forecast.monthlyBytes > 0 ? texts.monthly(size(forecast.monthlyBytes)) : '';
  const full = forecast.fullAt === null ? '' : texts.fullBy(day(Date.parse(forecast.fullAt)));
  return (
    <section class={part !== undefined && part >= CAUTION ? 'space-used caution' : 'space-used'}>
      <p class="space-total">{said}</p>
      {part === undefined ? null : <progress value={part} max={1} aria-label={said} />}
      <p class="hint">
        {texts.mails(total.emails)}.{' '}
        {[limit === null ? texts.noLimit : '', monthly, full].filter(Boolean).join(' ')}
      </p>
    </section>
  );
}

interface BarProps {
  readonly name: string;
  readonly sum: Sum;
  /** Of which the bar is a part. */
  readonly most: number;
  readonly place?: Place;
  readonly children?: ComponentChildren;
}

/** A row with a bar; `children` is what can be done beside. */
export function Bar({ name, sum, most, place, children }: BarProps) {
  const { formats } = useApp();
  const texts = useSpaceTexts();
  const inside = (
    <>
      <span class="space-name">
        <bdi>{name}</bdi>
      </span>
      <span class="space-size">{formats.value.size(sum.size)}</span>
      <span class="space-bar" aria-hidden="true">
        <span style={{ width: `${Math.max(1, (100 * sum.size) / Math.max(1, most))}%` }} />
      </span>
      <small>{texts.mails(sum.emails)}</small>
    </>
  );
  return (
    <li class="space-row">
      {place === undefined ? (
        <span class="space-line">{inside}</span>
      ) : (
        <Link place={place} class="space-line">
          {inside}
        </Link>
      )}
      {children}
    </li>
  );
}

export function TrashButton({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} onClick={onClick}>
      <Icon name="trash" />
    </button>
  );
}

interface SectionProps {
  readonly title: string;
  readonly hint?: string;
  readonly children: ComponentChildren;
}

export function Section({ title, hint, children }: SectionProps) {
  return (
    <section class="settings-group">
      <h2>{title}</h2>
      {hint ? <p class="hint">{hint}</p> : null}
      {children}
    </section>
  );
}
