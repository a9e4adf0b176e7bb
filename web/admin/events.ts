/** Events of the journal, as a line says them. */
import type { ActivityEvent } from './wire.ts';

/** Said elsewhere in the line, or of use to nobody here. */
const LEFT_OUT = new Set([
  'time',
  'account',
  'what',
  'session',
  'listener',
  'bytesIn',
  'bytesOut',
  'sameAsBefore',
]);

/** `IMAP, PLAIN, 192.0.2.1`: for what everybody knows the value alone, for the rest its name too, each in words where there are some. */
const KNOWN = new Set(['service', 'mechanism', 'remote', 'device', 'tls', 'did', 'reason']);

/** What stands in the journal, as people call it: values of some facts, and the names of others. */
export interface FactWords {
  readonly values: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
  readonly names: Readonly<Record<string, string>>;
}

export function factsOf(event: ActivityEvent, { values, names }: FactWords): string {
  const shown = Object.entries(event).filter(
    ([name, value]) => !LEFT_OUT.has(name) && value !== '' && value !== undefined && value !== 'none',
  );
  const said = (name: string, value: unknown): string => values[name]?.[text(value)] ?? text(value);
  const known = shown.filter(([name]) => KNOWN.has(name)).map(([name, value]) => said(name, value));
  const rest = shown
    .filter(([name]) => !KNOWN.has(name))
    .map(([name, value]) => `${names[name] ?? name} ${said(name, value)}`);
  return [...new Set(known), ...rest].filter((one) => one !== '').join(', ');
}

export function isRefusal(what: string): boolean {
  return /refused|^wrong/.test(what);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
