/** Options that bound what anybody can have of the server. Each says which attack or accident it answers. */
import { choice, duration, integer, size } from '../option.ts';

export const LIMITS = {
  connections: integer({
    default: 20_000,
    min: 1,
    doc: 'Connections in all. The next one is told that the server is full, instead of everybody running out of memory or file descriptors. IMAP, POP3, submission and HTTP have a tenth of them to themselves each. Of what each can have, half is for people who have signed in: beyond that, a newcomer takes the place of the connection that has been trying for longest.',
  }),
  deliveryConnections: integer({
    default: 200,
    min: 1,
    doc: 'So many of them are kept for LMTP, and as many for mail from the world (at most a quarter each): however many clients or strangers are connected, mail still comes in.',
  }),
  connectionsPerAddress: integer({
    default: 100,
    min: 1,
    doc: 'Connections from one address (one /64 for IPv6), so that one machine cannot take all of them. Loopback is exempt, and so is http.trusted_proxies.',
  }),
  connectionsPerAccount: integer({
    default: 100,
    min: 4,
    doc: 'Signed-in connections of one account. One more closes the one that has been idle longest: phones leave dead connections behind, and a refused new one would look like a wrong password. Streams of changes, as every open page of the webmail has one, are counted by themselves, and there can be as many of them.',
  }),
  uploads: size({
    default: '8GiB',
    min: '64MiB',
    doc: 'All messages together that are on their way in and not yet counted by a quota. IMAP, LMTP and mail from the world have so much each. Beyond it uploads are refused for the moment; without an end, messages that are half sent would fill the disk.',
  }),
  uploadsPerAccount: size({
    default: '512MiB',
    min: '16MiB',
    doc: 'The same for what one account uploads over IMAP. A message of the size that is allowed can always be uploaded.',
  }),
  loginTimeout: duration({
    default: '60s',
    min: '5s',
    max: '10m',
    doc: 'From connecting to having signed in, all told. A client that drips bytes gains nothing.',
  }),
  idleTimeout: duration({
    default: '30m',
    min: '30m',
    max: '7d',
    doc: 'Silence after which a signed-in IMAP client is logged out. RFC 9051 §5.4 wants at least 30 minutes.',
  }),
  pop3IdleTimeout: duration({
    default: '10m',
    min: '10m',
    max: '1d',
    doc: 'The same for POP3, whose session holds the mailbox against other POP3 sessions. RFC 1939 §3 wants at least 10 minutes.',
  }),
  writeTimeout: duration({
    default: '5m',
    min: '10s',
    max: '1h',
    doc: 'How long a client may take none of its replies before it is cut off; otherwise slow readers pile up output in memory.',
  }),
  handshakeTimeout: duration({
    default: '30s',
    min: '1s',
    max: '5m',
    doc: 'The longest TLS handshake. Port scanners open connections and say nothing.',
  }),
  lineBytes: size({
    default: '64KiB',
    min: '8KiB',
    max: '16MiB',
    doc: 'The longest command line after sign-in. Clients send sets of hundreds of UIDs; without an end a line would fill memory.',
  }),
  lineBytesBeforeLogin: size({
    default: '64KiB',
    min: '1KiB',
    max: '1MiB',
    doc: 'The same before sign-in, when the sender may be anybody. The longest command that a client may send then is an ID of 30 fields of 1,054 octets, and each octet may need a backslash.',
  }),
  literalBytes: size({
    default: '128KiB',
    min: '4KiB',
    max: '64MiB',
    doc: 'All literals of one command together that are not messages: mailbox names, search texts, annotations. These are held in memory; a message goes to disk as it comes.',
  }),
  literalsPerCommand: integer({
    default: 1000,
    min: 8,
    doc: 'Literals in one command; each is small enough alone, thousands are not.',
  }),
  messagesPerCommand: integer({
    default: 0,
    min: 0,
    max: 1_000_000_000,
    doc: 'Messages for which one IMAP command is done (MESSAGELIMIT, RFC 9738): of more it does those with the highest UIDs, and says where to go on; COPY, SORT and THREAD are refused then. 0 is no limit, and best: whatever a command names is done in slices, and programs that do not know of the limit believe that they have everything. 1000 is the least that programs expect.',
  }),
  messagesLimited: choice(['all', 'saves'], {
    default: 'all',
    doc: 'What `messages_per_command` limits: all that RFC 9738 names, or only `saves`, which are COPY and APPEND of several messages (SAVELIMIT).',
  }),
  badCommandsBeforeLogin: integer({
    default: 3,
    min: 1,
    doc: 'Commands that make no sense, before sign-in, after which the connection is closed: it is a web browser, a scanner or an attack on another protocol.',
  }),
  badCommands: integer({
    default: 20,
    min: 5,
    doc: 'The same after sign-in, in a row: a client that loops on one wrong command is stopped.',
  }),
  keywordsPerMailbox: integer({
    default: 500,
    min: 30,
    max: 10_000,
    doc: 'Different keywords (labels) in one mailbox. Every one is named in every SELECT.',
  }),
  keywordsPerMessage: integer({
    default: 100,
    min: 10,
    max: 500,
    doc: 'Keywords on one message.',
  }),
  outgoing: integer({
    default: 1_000_000,
    min: 1000,
    doc: 'Messages that wait to leave, of all accounts together; more are refused for the moment (452 4.3.1). Counted every few seconds, so a few more can be in it.',
  }),
  outgoingPerAccount: integer({
    default: 10_000,
    min: 100,
    max: 1_000_000,
    doc: 'Recipients for whom mail of one account waits to be sent. A program that loops fills the queue of its account, and no other.',
  }),
  outgoingBytesPerAccount: size({
    default: '1GiB',
    min: '64MiB',
    doc: 'Octets of mail of one account that waits to be sent, held (HOLDFOR, `submission.undo`) or deferred: what no mailbox shows counts in no quota. More is refused for the moment (452 4.3.1, over JMAP `overQuota`). One message of the size that is allowed (`submission.max_size`) can always be sent.',
  }),
  mailboxesPerAccount: integer({
    default: 10_000,
    min: 50,
    max: 1_000_000,
    doc: 'Mailboxes of one account. A runaway import script must not make LIST unusable.',
  }),
} as const;
