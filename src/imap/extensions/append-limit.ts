import { defineExtension } from '../extension.ts';

/** APPENDLIMIT (RFC 7889): the same for every mailbox. That it is kept is the literal policy of APPEND. */
export const appendLimit = defineExtension({
  rfc: 'RFC 7889 APPENDLIMIT',
  capabilities: ({ settings }) => [`APPENDLIMIT=${settings.maxAppendBytes}`],
  statusItems: [
    { name: 'APPENDLIMIT', write: (out, _, { settings }) => void out.number(settings.maxAppendBytes) },
  ],
});
