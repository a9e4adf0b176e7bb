/** Options of rules: where scripts lie, and what they may take. */
import { integer, optionalPath, size, string } from '../option.ts';

/** Of one message for one account, all its scripts together. The names are those of `Limits` in `sieve/run/limits.ts`. */
const RUN = {
  steps: integer({
    default: 100_000,
    min: 1000,
    max: 10_000_000,
    doc: 'Commands and tests that the scripts of an account may execute for one message: loops, and includes in includes, would else go on and on. A script that reaches this or another limit of a run keeps the message in INBOX, and its owner is told once a day.',
  }),
  octets: size({
    default: '8MiB',
    min: '64KiB',
    max: '1GiB',
    doc: 'Text that one run compares character by character: wildcards, regular expressions, long keys. Searches for keys of at most 64 characters count a sixteenth. Processor time is what it bounds.',
  }),
  actions: integer({
    default: 32,
    min: 4,
    max: 1000,
    doc: 'Keeps, files, redirects, replies and notifications for one message together, against mail that multiplies.',
  }),
  redirects: integer({
    default: 4,
    min: 0,
    max: 100,
    doc: 'To how many addresses a message may be passed on; announced as MAXREDIRECTS and maxNumberRedirects. 0: to none. The more, the more spam a stolen account sends with one message.',
  }),
  listMembers: integer({
    default: 100,
    min: 1,
    max: 10_000,
    doc: 'Addresses of one list that a `redirect :list` sends to.',
  }),
  notifications: integer({
    default: 10,
    min: 0,
    max: 100,
    doc: 'Notifications about one message (`notify`). 0: none.',
  }),
  variables: integer({
    default: 128,
    min: 128,
    max: 10_000,
    doc: 'Variables of one script. RFC 5229 §6 wants at least 128.',
  }),
  variableBytes: size({
    default: '64KiB',
    min: '4KiB',
    max: '1MiB',
    doc: 'The longest value of a variable, and the text that `extracttext` takes; the rest is cut off. RFC 5229 §6 wants at least 4,000 octets.',
  }),
  includeDepth: integer({
    default: 10,
    min: 3,
    max: 30,
    doc: 'How deep scripts may include each other. RFC 6609 §3 wants at least three levels.',
  }),
  includes: integer({
    default: 100,
    min: 3,
    max: 10_000,
    doc: 'How often scripts may include others while one message is looked at, at whatever depth.',
  }),
  loopDepth: integer({
    default: 4,
    min: 1,
    max: 16,
    doc: 'How deep loops over the parts of a message (`foreverypart`) may stand in each other.',
  }),
  parts: integer({
    default: 1000,
    min: 10,
    max: 10_000,
    doc: 'Parts of a message that one loop or one test looks at; those behind match nothing.',
  }),
  addedFields: integer({
    default: 128,
    min: 0,
    max: 1000,
    doc: 'Fields that the scripts of an account may add to one message (`addheader`). 0: none.',
  }),
  addedBytes: size({
    default: '64KiB',
    min: '1KiB',
    max: '512KiB',
    doc: 'All added fields of one message together.',
  }),
  bodyBytes: size({
    default: '10MiB',
    min: '64KiB',
    max: '64MiB',
    doc: 'Of a body, the decoded octets that scripts look at, which are in memory while they do; the rest matches nothing. No larger message is wrapped by `enclose`.',
  }),
  regexBytes: size({
    default: '64KiB',
    min: '1KiB',
    max: '1MiB',
    doc: 'Of a value, the octets that a regular expression sees.',
  }),
} as const;

export const SIEVE = {
  folder: optionalPath({
    doc: 'A folder with Sieve scripts of the server: `before.sieve` and `after.sieve` are run for every account, before and after its own scripts; any `NAME.sieve` can be included as `:global "NAME"`. A changed file is taken up within seconds.',
  }),
  imapScript: string({
    default: '',
    pattern: /^[^\0-\x1f/]{0,128}$/,
    doc: 'The name of the script that is run for what people append, copy and mark over IMAP (RFC 6785) in all mailboxes that name none themselves: that of the account itself by this name, if it has one. Announced as the annotation /shared/imapsieve/script of the server.',
  }),
  maxScriptSize: size({
    default: '1MiB',
    min: '4KiB',
    max: '1MiB',
    doc: 'The largest script of an account.',
  }),
  maxScripts: integer({
    default: 100,
    min: 1,
    max: 10_000,
    doc: 'Scripts of one account, active or not.',
  }),
  maxStorage: size({
    default: '10MiB',
    min: '64KiB',
    max: '1GiB',
    doc: 'All scripts of one account together.',
  }),
  limits: RUN,
} as const;
