/**
 * What this server can do, by URI (RFC 8620 §2). A capability is announced when there are methods of it, or when something else
 * that it promises is there.
 */
import { MAX_DEPTH, MAX_SEGMENT_BYTES } from '../mail/mailbox-name.ts';
import type { JsonObject } from './core/json.ts';
import type { JmapLimits } from './core/limits.ts';

export const CORE = 'urn:ietf:params:jmap:core';
export const BLOB = 'urn:ietf:params:jmap:blob';
export const WEBSOCKET = 'urn:ietf:params:jmap:websocket';
export const VAPID = 'urn:ietf:params:jmap:webpush-vapid';
export const QUOTA = 'urn:ietf:params:jmap:quota';
export const MAIL = 'urn:ietf:params:jmap:mail';

export interface Capability {
  readonly uri: string;
  /** Of the server as a whole. */
  readonly ofSession: JsonObject;
  /** Of an account; undefined when accounts have nothing of it. */
  readonly ofAccount?: JsonObject;
}

export function coreCapability(limits: JmapLimits): Capability {
  const { maxSizeUpload, maxConcurrentUpload, maxSizeRequest, maxConcurrentRequests } = limits;
  const { maxCallsInRequest, maxObjectsInGet, maxObjectsInSet } = limits;
  return {
    uri: CORE,
    ofSession: {
      ...{ maxSizeUpload, maxConcurrentUpload, maxSizeRequest, maxConcurrentRequests },
      ...{ maxCallsInRequest, maxObjectsInGet, maxObjectsInSet },
      collationAlgorithms: ['i;ascii-casemap', 'i;octet', 'i;unicode-casemap'],
    },
    ofAccount: {},
  };
}

/** Attachments of one email, before they are encoded. */
export const ATTACHMENT_BYTES = 50_000_000;

/** RFC 8621 §1.3.1. */
export const MAIL_CAPABILITY: Capability = {
  uri: MAIL,
  ofSession: {},
  ofAccount: {
    maxMailboxesPerEmail: null,
    maxMailboxDepth: MAX_DEPTH,
    maxSizeMailboxName: MAX_SEGMENT_BYTES,
    maxSizeAttachmentsPerEmail: ATTACHMENT_BYTES,
    emailQuerySortOptions: [
      ...['receivedAt', 'sentAt', 'size', 'from', 'to', 'subject'],
      ...['hasKeyword', 'allInThreadHaveKeyword', 'someInThreadHaveKeyword'],
    ],
    mayCreateTopLevelMailbox: true,
  },
};

/** RFC 9425 §2. */
export const QUOTA_CAPABILITY: Capability = { uri: QUOTA, ofSession: {}, ofAccount: {} };

/** RFC 8887 §3; its address depends on how the client came. */
export const WEBSOCKET_CAPABILITY: Capability = { uri: WEBSOCKET, ofSession: {} };

/** RFC 9404 §3. */
export function blobCapability(
  limits: JmapLimits,
  digests: readonly string[],
  maxDataSources: number,
): Capability {
  return {
    uri: BLOB,
    ofSession: {},
    ofAccount: {
      maxSizeBlobSet: limits.maxSizeUpload,
      maxDataSources,
      supportedTypeNames: ['Email', 'Mailbox', 'Thread'],
      supportedDigestAlgorithms: digests,
    },
  };
}
