/** The methods that read emails and threads (RFC 8621 §3, §4). */
import type { Method } from '../core/method.ts';
import { emailChangesMethod, threadChangesMethod } from './email-changes.ts';
import { emailGet } from './email-get.ts';
import { emailQuery, emailQueryChanges } from './email-query.ts';
import { searchSnippetGet } from './search-snippet-get.ts';
import { threadGet } from './thread-get.ts';

export const EMAIL_READERS: readonly Method[] = [
  emailGet,
  emailChangesMethod,
  emailQuery,
  emailQueryChanges,
  threadGet,
  threadChangesMethod,
  searchSnippetGet,
];
