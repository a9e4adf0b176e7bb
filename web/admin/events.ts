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

/** `imap, PLAIN, 192.0.2.1`: for what everybody knows the value alone, for the rest its name too. */
const KNOWN = new Set(['service', 'mechanism', 'remote', 'device', 'tls', 'did', 'reason']);

export function factsOf(event: ActivityEvent): string {
  const shown = Object.entries(event).filter(
    ([name, value]) => !LEFT_OUT.has(name) && value !== '' && value !== undefined && value !== 'none',
  );
  const known = shown.filter(([name]) => KNOWN.has(name)).map(([, value]) => text(value));
  const rest = shown.filter(([name]) => !KNOWN.has(name)).map(([name, value]) => `${name} ${text(value)}`);
  return [...new Set(known), ...rest].join(', ');
}

export function isRefusal(what: string): boolean {
  return /refused|^wrong/.test(what);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
