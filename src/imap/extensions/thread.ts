import { threadCommand, uidThreadCommand } from '../commands/thread.ts';
import { defineExtension } from '../extension.ts';

/** THREAD with its algorithms (RFC 5256); REFS is that of draft-ietf-morg-inthread, which webmails ask for. */
export const thread = defineExtension({
  rfc: 'RFC 5256 THREAD',
  capabilities: () => ['THREAD=REFERENCES', 'THREAD=ORDEREDSUBJECT', 'THREAD=REFS'],
  commands: [threadCommand, uidThreadCommand],
});
