/** RFC 9007 §1.3. */
import type { Capability } from '../capabilities.ts';

export const MDN = 'urn:ietf:params:jmap:mdn';
export const MDN_CAPABILITY: Capability = { uri: MDN, ofSession: {}, ofAccount: {} };
