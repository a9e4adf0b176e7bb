/**
 * JMAPACCESS (RFC 9698): the same mail is to be had over JMAP, under the same ids, by what this session was signed in with. Not said to an
 * app password that is not good for JMAP, nor where JMAP has no address that the world could use.
 */

import { defineCommand, SIGNED_IN } from '../command.ts';
import { defineExtension } from '../extension.ts';
import { bad, ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';

const getJmapAccess = defineCommand({
  name: 'GETJMAPACCESS',
  states: SIGNED_IN,
  parse: end,
  run({ session }) {
    const { jmapUrl } = session.settings;
    if (jmapUrl === undefined) return bad('There is no JMAP server');
    session.out.ascii(`* JMAPACCESS "${jmapUrl}"`).crlf();
    return ok('GETJMAPACCESS completed');
  },
});

export const jmapAccess = defineExtension({
  rfc: 'RFC 9698 JMAPACCESS',
  capabilities: ({ saslTerms, settings }) =>
    saslTerms === undefined && settings.jmapUrl !== undefined ? ['JMAPACCESS'] : [],
  commands: [getJmapAccess],
});
