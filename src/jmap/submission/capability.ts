/** What there is to know of sending before it is done (RFC 8621 §1.3.2). */
import type { Capability } from '../capabilities.ts';

export const SUBMISSION = 'urn:ietf:params:jmap:submission';
/** The longest that a message may wait: whoever plans further ahead than a year has forgotten it. */
export const MAX_DELAY_SECONDS = 400 * 86_400;

export function submissionCapability(maxMessageBytes: number): Capability {
  return {
    uri: SUBMISSION,
    ofSession: {},
    ofAccount: {
      maxDelayedSend: MAX_DELAY_SECONDS,
      submissionExtensions: {
        SIZE: [String(maxMessageBytes)],
        DSN: [],
        SMTPUTF8: [],
        REQUIRETLS: [],
        DELIVERBY: [],
        'MT-PRIORITY': [],
        FUTURERELEASE: [String(MAX_DELAY_SECONDS)],
      },
    },
  };
}
