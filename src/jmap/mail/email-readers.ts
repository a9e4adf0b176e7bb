/** The methods that read emails and threads (RFC 8621 §3 to §5). */
import type { Method } from '../core/method.ts';
import { emailChangesMethod, threadChangesMethod } from './email-changes.ts';
import { emailGet } from './email-get.ts';
import { emailParse } from './email-parse.ts';
import { emailQuery, emailQueryChanges } from './email-query.ts';
import type { EmailWriting } from './email-writing.ts';
import { searchSnippetGet } from './search-snippet-get.ts';
import { threadGet } from './thread-get.ts';

export function emailReaders(parts: Pick<EmailWriting, 'findBlob'>): readonly Method[] {
  return [
    emailGet,
    emailChangesMethod,
    emailQuery,
    emailQueryChanges,
    emailParse(parts),
    threadGet,
    threadChangesMethod,
    searchSnippetGet,
  ];
}
