/** What was thought of a message, in plain words, as a field above it: for people, and for whoever takes it out of the queue again. */
import type { HeaderBlock } from '../mail/header.ts';
import type { Verdict } from './verdict.ts';

/** The first of this name in a message that came in here is ours. */
export const VERDICT_FIELD = 'X-Brevduva-Verdict';

/** RFC 5322 §2.1.1. */
const MAX_LENGTH = 900;

/** With its line end. */
export function verdictField({ action, reasons }: Verdict): string {
  const words = `${action}: ${reasons.join('; ')}`.replace(/\p{Cc}/gu, '?').slice(0, MAX_LENGTH);
  return `${VERDICT_FIELD}: ${words}\r\n`;
}

/** It is to be set apart. */
export function saysJunk(header: HeaderBlock): boolean {
  return header.find(VERDICT_FIELD.toLowerCase())?.toString('latin1').trim().startsWith('junk:') === true;
}
