/** The methods that write emails (RFC 8621 §4.6 to §4.8). */
import type { Method } from '../core/method.ts';
import { emailCopy } from './email-copy.ts';
import { emailImport } from './email-import.ts';
import { emailSet } from './email-set.ts';
import type { EmailWriting } from './email-writing.ts';

export function emailWriters(writing: EmailWriting): readonly Method[] {
  return [emailSet(writing), emailImport(writing), emailCopy(writing)];
}
