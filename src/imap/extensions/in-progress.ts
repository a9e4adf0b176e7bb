import { defineExtension } from '../extension.ts';

/** INPROGRESS (RFC 9585): a response code of commands that take long; `progress.ts` writes it. */
export const inProgress = defineExtension({
  rfc: 'RFC 9585 INPROGRESS',
  capabilities: () => ['INPROGRESS'],
});
