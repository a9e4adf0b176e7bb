import { defineExtension } from '../extension.ts';

/** YOUNGER and OLDER, which the parser of search keys knows like those of the core. */
export const within = defineExtension({
  rfc: 'RFC 5032 WITHIN',
  capabilities: () => ['WITHIN'],
});
