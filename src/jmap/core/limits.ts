/** What one account, one request and one answer may have (RFC 8620 §2). */
export interface JmapLimits {
  readonly maxSizeUpload: number;
  readonly maxConcurrentUpload: number;
  readonly maxSizeRequest: number;
  readonly maxConcurrentRequests: number;
  readonly maxCallsInRequest: number;
  readonly maxObjectsInGet: number;
  readonly maxObjectsInSet: number;
  /** Octets of blobs that one call reads, of all of them together. */
  readonly maxSizeRead: number;
  /** Octets of all answers to one request; the call that goes over it is told `requestTooLarge`. */
  readonly maxSizeAnswer: number;
  /** Ids that a query gives at once, and a result reference. */
  readonly maxIdsInQuery: number;
  readonly maxIdsInReference: number;
  readonly maxReferences: number;
  readonly maxDepth: number;
  /** Conditions and operators of a filter. */
  readonly maxFilterConditions: number;
}

export const LIMITS: JmapLimits = Object.freeze({
  maxSizeUpload: 50_000_000,
  maxConcurrentUpload: 8,
  maxSizeRequest: 10_000_000,
  maxConcurrentRequests: 8,
  maxCallsInRequest: 32,
  maxObjectsInGet: 1000,
  maxObjectsInSet: 1000,
  maxSizeRead: 200_000_000,
  maxSizeAnswer: 25_000_000,
  maxIdsInQuery: 5000,
  maxIdsInReference: 10_000,
  maxReferences: 32,
  maxDepth: 64,
  maxFilterConditions: 1000,
});
