/** All methods there are: one line for each family. */
import { blobMethods } from './blobs/methods.ts';
import { CORE } from './capabilities.ts';
import type { Method } from './core/method.ts';
import { emailReaders } from './mail/email-readers.ts';
import { emailWriters } from './mail/email-writers.ts';
import { mailboxMethods } from './mailboxes/methods.ts';
import { mdnMethods } from './mdn/methods.ts';
import type { MethodParts } from './method-parts.ts';
import { ownMethods } from './own/methods.ts';
import { subscriptionMethods } from './push/subscriptions.ts';
import { QUOTA_METHODS } from './quota/quota.ts';
import { sharingMethods } from './sharing/methods.ts';
import { sieveMethods } from './sieve/methods.ts';
import { sendingMethods } from './submission/methods.ts';

/** RFC 8620 §4. */
const ECHO: Method = { name: 'Core/echo', capability: CORE, run: async (args) => args };

export function allMethods(parts: MethodParts): readonly Method[] {
  return [
    ECHO,
    ...mailboxMethods(parts.sharing),
    ...sharingMethods(parts),
    ...QUOTA_METHODS,
    ...emailReaders(parts),
    ...emailWriters(parts),
    ...blobMethods(parts),
    ...sendingMethods(parts.submitting),
    ...sieveMethods(parts),
    ...mdnMethods(parts),
    ...subscriptionMethods(parts.pushQueue),
    ...ownMethods(parts),
  ];
}
