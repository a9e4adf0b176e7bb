import { uidExpungeCommand } from '../commands/expunge.ts';
import { defineExtension } from '../extension.ts';

/** UID EXPUNGE, and the codes APPENDUID and COPYUID, which `replies.ts` writes for everybody. */
export const uidPlus = defineExtension({
  rfc: 'RFC 4315 UIDPLUS',
  capabilities: () => ['UIDPLUS'],
  commands: [uidExpungeCommand],
});
