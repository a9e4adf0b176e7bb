/** RFC 9670 §1.5: who there is to share with, and what one is told of it. */
import type { Capability } from '../capabilities.ts';

export const PRINCIPALS = 'urn:ietf:params:jmap:principals';
/** Of accounts alone: whose they are. */
export const OWNER = 'urn:ietf:params:jmap:principals:owner';

/** What it says of an account depends on who asks: `core/session-object.ts`. */
export const PRINCIPALS_CAPABILITY: Capability = { uri: PRINCIPALS, ofSession: {} };
