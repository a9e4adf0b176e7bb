/** What a mailbox says of how long mail stays in it: an annotation, a number of days or `never`. */
export const RETENTION_ANNOTATION = '/private/vendor/brevduva/retention';

export const DAY_MS = 24 * 3600_000;
const NEVER = 'never';
const DAYS = /^[1-9]\d{0,4}$/;

/** In days. */
export type RetentionRule = number | typeof NEVER;

/** Undefined when it says nothing. */
export function readRetention(value: Uint8Array): RetentionRule | undefined {
  const text = Buffer.from(value).toString('latin1');
  if (text === NEVER) return NEVER;
  return DAYS.test(text) ? Number(text) : undefined;
}

export function writeRetention(rule: RetentionRule): Buffer {
  return Buffer.from(String(rule), 'latin1');
}
