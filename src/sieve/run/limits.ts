/**
 * What a script may take. All of it is counted, nothing is timed: a script that runs to its end here does so on any machine, under
 * any load. Each number names what it stands against. A server has them from its configuration (`sieve.limits`), whose defaults are these.
 */
export interface Limits {
  /** Commands and tests executed: includes in loops in includes. */
  readonly steps: number;
  /**
   * Octets compared one by one: wildcards, regular expressions, long keys. Looking for a key of at most 64 characters, decoding and
   * joining strings cost a sixteenth of that, and are counted as that.
   */
  readonly octets: number;
  /** Keeps, files, redirects, replies and notifications together: mail that multiplies. */
  readonly actions: number;
  /** Mail loops and spam through a stolen account. */
  readonly redirects: number;
  /** Addresses that one redirect to a list sends to. */
  readonly listMembers: number;
  readonly notifications: number;
  readonly variables: number;
  /** A longer value is cut (RFC 5229 §6): `set "a" "${a}${a}"`, thirty times. */
  readonly variableBytes: number;
  readonly includeDepth: number;
  readonly includes: number;
  readonly loopDepth: number;
  /** Parts of a message that a loop or a test looks at. */
  readonly parts: number;
  /** Added by addheader: fields, and their octets. */
  readonly addedFields: number;
  readonly addedBytes: number;
  /** Of a body: decoded octets that are looked at. The rest matches nothing. */
  readonly bodyBytes: number;
  /** Of a value, what a regular expression sees. */
  readonly regexBytes: number;
}

export const LIMITS: Limits = Object.freeze({
  steps: 100_000,
  octets: 8 * 1024 * 1024,
  actions: 32,
  redirects: 4,
  listMembers: 100,
  notifications: 10,
  variables: 128,
  variableBytes: 64 * 1024,
  includeDepth: 10,
  includes: 100,
  loopDepth: 4,
  parts: 1000,
  addedFields: 128,
  addedBytes: 64 * 1024,
  bodyBytes: 10 * 1024 * 1024,
  regexBytes: 64 * 1024,
});
