/** What can be asked of a date (RFC 5260 §4.2). */
export interface Moment {
  /** Since 1970-01-01T00:00:00Z. */
  readonly seconds: number;
  /** Of the zone in which it is told, ahead of UTC. */
  readonly zoneMinutes: number;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
/** Of 1970-01-01, in days since 1858-11-17 (RFC 5260 §4.2, "julian"). */
const MODIFIED_JULIAN_EPOCH = 40_587;

export const DATE_PARTS: ReadonlyMap<string, (moment: Moment) => string> = new Map([
  ['year', (m: Moment) => digits(local(m).getUTCFullYear(), 4)],
  ['month', (m: Moment) => digits(local(m).getUTCMonth() + 1)],
  ['day', (m: Moment) => digits(local(m).getUTCDate())],
  ['date', date],
  [
    'julian',
    (m: Moment) => String(Math.floor((m.seconds + m.zoneMinutes * 60) / 86_400) + MODIFIED_JULIAN_EPOCH),
  ],
  ['hour', (m: Moment) => digits(local(m).getUTCHours())],
  ['minute', (m: Moment) => digits(local(m).getUTCMinutes())],
  ['second', (m: Moment) => digits(local(m).getUTCSeconds())],
  ['time', time],
  ['iso8601', iso8601],
  ['std11', std11],
  ['zone', (m: Moment) => zone(m, '')],
  ['weekday', (m: Moment) => String(local(m).getUTCDay())],
]);

/** `+0200`; undefined for anything else. */
export function zoneMinutes(text: string): number | undefined {
  const match = /^([+-])(\d\d)([0-5]\d)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hours, minutes] = match;
  const value = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -value : value;
}

/** Its UTC is the local time. */
function local({ seconds, zoneMinutes: minutes }: Moment): Date {
  return new Date((seconds + minutes * 60) * 1000);
}

function date(moment: Moment): string {
  const d = local(moment);
  return `${digits(d.getUTCFullYear(), 4)}-${digits(d.getUTCMonth() + 1)}-${digits(d.getUTCDate())}`;
}

function time(moment: Moment): string {
  const d = local(moment);
  return `${digits(d.getUTCHours())}:${digits(d.getUTCMinutes())}:${digits(d.getUTCSeconds())}`;
}

export function iso8601(moment: Moment): string {
  return `${date(moment)}T${time(moment)}${moment.zoneMinutes === 0 ? 'Z' : zone(moment, ':')}`;
}

function std11(moment: Moment): string {
  const d = local(moment);
  const day = `${DAYS[d.getUTCDay()]}, ${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${digits(d.getUTCFullYear(), 4)}`;
  return `${day} ${time(moment)} ${zone(moment, '')}`;
}

function zone({ zoneMinutes: minutes }: Moment, separator: string): string {
  const ahead = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(ahead / 60))}${separator}${digits(ahead % 60)}`;
}

function digits(value: number, count = 2): string {
  return String(value).padStart(count, '0');
}
