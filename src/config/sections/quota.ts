/** How much accounts may have of which nothing is said, nor of their domains. */
import { boolean, duration, integer, size } from '../option.ts';

const NEARER =
  'What is said of a domain (`brevduva domain quota`) or of the account itself (`brevduva account quota`) goes first.';

export const QUOTA = {
  size: size({
    default: '0',
    doc: `The room for mail that an account has. 0 sets no limit. ${NEARER}`,
  }),
  messages: integer({
    default: 0,
    min: 0,
    doc: `The number of messages that an account may have. 0 sets no limit. ${NEARER}`,
  }),
  mailboxes: integer({
    default: 0,
    min: 0,
    doc: `The number of mailboxes (folders) that an account may have, INBOX and the five that it begins with included. 0 sets no limit beside \`limits.mailboxes_per_account\`. ${NEARER}`,
  }),
  annotations: size({
    default: '4MiB',
    max: '64MiB',
    doc: 'The room for annotations (RFC 5464), which programs keep with mailboxes and with the account: octets of all their values. What is said of the account itself (`brevduva account set ADDRESS quota.annotations 8MiB`) goes first. 0 allows none.',
  }),
  grace: duration({
    default: '3d',
    max: '30d',
    doc: 'How long mail for a full account is waited with (452 4.2.2: the servers of its senders keep it), counted from the first message that found no room; then it goes back (552 5.2.2). Its owner is told. As soon as there is room for that message, all is forgotten. Where `lmtp.over_quota` and `mx.over_quota` are "grace", and for mail between accounts here. 0 returns it at once.',
  }),
  notices: boolean({
    default: true,
    doc: 'Whether the owner of an account is told by mail that it is 80, 90 and 95 percent full, and that mail had to wait: each once, and again when it has been emptied by three points meanwhile. Not of accounts that may have less than 1 MiB or 10 messages.',
  }),
} as const;
