import { defineExtension } from '../extension.ts';

/** CATENATE (RFC 4469): a form of the message data of APPEND and REPLACE, read in `wire/append-args.ts`, carried out in `url/catenate.ts`. */
export const catenate = defineExtension({
  rfc: 'RFC 4469 CATENATE',
  capabilities: () => ['CATENATE'],
});
