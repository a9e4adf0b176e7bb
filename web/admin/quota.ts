/** The room of an account as it is typed and shown: a number and its unit, gigabytes where none is said. */

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** What a field takes; small and capital letters are the same. */
export const QUOTA_PATTERN = '\\s*\\d{1,9}([.,]\\d{1,12})?\\s*([kKmMgGtT]?[bB])?\\s*';

/** In the largest unit of which there is one: `307.2 kB`. */
export function quotaText(octets: number): string {
  const power = Math.min(UNITS.length, Math.max(1, Math.floor(Math.log10(Math.max(1, octets)) / 3)));
  return `${octets / 1000 ** power} ${UNITS[power - 1]}`;
}

/** Undefined: nothing is typed. */
export function octetsOf(typed: string): number | undefined {
  const [, number, unit = 'GB'] = /^\s*([\d.,]+)\s*([a-z]+)?\s*$/i.exec(typed) ?? [];
  if (number === undefined) return undefined;
  const power = UNITS.findIndex((one) => one.toLowerCase() === unit.toLowerCase()) + 1;
  return Math.round(Number(number.replace(',', '.')) * 1000 ** power);
}
