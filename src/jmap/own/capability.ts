/** What this server does with mail beyond the standards: methods of its own, described in `docs/JMAP.md`. */
import type { Capability } from '../capabilities.ts';

export const OWN = 'tag:brevduva,2026:jmap:mail';
export const OWN_CAPABILITY: Capability = { uri: OWN, ofSession: {}, ofAccount: {} };
