/** What rules can say here (RFC 9661 §1.4, RFC 8621 §1.3.3). */

import { MAX_SCRIPT_NAME_BYTES } from '../../mailbox/operations/scripts.ts';
import type { Editing } from '../../rules/editing.ts';
import { LIST_KINDS } from '../../rules/lists.ts';
import type { Capability } from '../capabilities.ts';

export const SIEVE = 'urn:ietf:params:jmap:sieve';
export const VACATION = 'urn:ietf:params:jmap:vacationresponse';

export const VACATION_CAPABILITY: Capability = { uri: VACATION, ofSession: {}, ofAccount: {} };

export function sieveCapability({ compiler, limits, runLimits }: Editing): Capability {
  const words = compiler.language.capabilities;
  return {
    uri: SIEVE,
    ofSession: { implementation: 'Brevduva' },
    ofAccount: {
      maxSizeScriptName: MAX_SCRIPT_NAME_BYTES,
      maxSizeScript: limits.scriptBytes,
      maxNumberScripts: limits.scripts,
      maxNumberRedirects: compiler.canSend ? runLimits.redirects : 0,
      sieveExtensions: words,
      notificationMethods: words.includes('enotify') ? ['mailto'] : null,
      externalLists: words.includes('extlists') ? LIST_KINDS : null,
    },
  };
}
