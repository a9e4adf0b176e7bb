/** Days that somebody wants to go to in a long list. Pure. */
import { utcDate } from '../sync/utc-date.ts';

export const STEPS = [
  [1, 'week'],
  [1, 'month'],
  [1, 'year'],
  [5, 'year'],
] as const;

/** The day so long ago; where its month has no such day, the last one that it has. */
export function ago(now: Date, [count, unit]: (typeof STEPS)[number]): Date {
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()];
  if (unit === 'week') return new Date(year, month, day - 7 * count);
  const months = unit === 'year' ? month - 12 * count : month - count;
  const lastDay = new Date(year, months + 1, 0).getDate();
  return new Date(year, months, Math.min(day, lastDay));
}

/** As a field for dates has it (`2026-03-05`), at the place where the browser is; undefined while it is none. */
export function dayIn(field: string): Date | undefined {
  const [, year = '', month = '', day = ''] = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(field) ?? [];
  return year === '' ? undefined : new Date(Number(year), Number(month) - 1, Number(day));
}

export function fieldOf(day: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(day.getFullYear()).padStart(4, '0')}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** What is newer than this day came from then on: UTCDate of JMAP. */
export function endOf(day: Date): string {
  return utcDate(new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1));
}
