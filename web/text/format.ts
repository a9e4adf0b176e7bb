/** Times, sizes and numbers as the person's language writes them, in the time zone where the browser is. */

export interface Formats {
  readonly number: (value: number) => string;
  /** For a row: the time of today, the weekday of this week, the day of this year, else the date. */
  readonly listTime: (iso: string, now: Date) => string;
  /** Of a day that is near: "Sat 08:00". */
  readonly nearTime: (iso: string) => string;
  /** Of the day that is now: the first minute that is not before it. */
  readonly clock: (ms: number) => string;
  /** All of it. */
  readonly fullTime: (iso: string) => string;
  readonly day: (ms: number) => string;
  readonly size: (octets: number) => string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `timeZone`: for tests; the browser's when absent. */
export function formatsOf(locale: string, timeZone?: string): Formats {
  const zone = timeZone === undefined ? {} : { timeZone };
  const dates = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { ...options, ...zone });
  const time = dates({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const weekday = dates({ weekday: 'short' });
  const dayOfYear = dates({ day: 'numeric', month: 'short' });
  const numeric = new Intl.DateTimeFormat('sv', { ...zone });
  const near = dates({ weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const full = dates({ dateStyle: 'full', timeStyle: 'short' });
  const day = dates({ dateStyle: 'medium' });
  const numbers = new Intl.NumberFormat(locale);
  const short = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
  return {
    number: (value) => numbers.format(value),
    listTime: (iso, now) => {
      const at = new Date(iso);
      const [date, today] = [numeric.format(at), numeric.format(now)];
      if (date === today) return time.format(at);
      const ageMs = now.getTime() - at.getTime();
      if (ageMs > 0 && ageMs < 6 * DAY_MS) return weekday.format(at);
      return date.slice(0, 4) === today.slice(0, 4) ? dayOfYear.format(at) : date;
    },
    nearTime: (iso) => near.format(new Date(iso)),
    clock: (ms) => time.format(Math.ceil(ms / MINUTE_MS) * MINUTE_MS),
    fullTime: (iso) => full.format(new Date(iso)),
    day: (ms) => day.format(new Date(ms)),
    size: (octets) => {
      let [value, unit] = [octets, 0];
      while (value >= 999.5 && unit < UNITS.length - 1) {
        value /= 1000;
        unit++;
      }
      return `${value < 10 && unit > 0 ? short.format(value) : numbers.format(Math.round(value))} ${UNITS[unit]}`;
    },
  };
}
