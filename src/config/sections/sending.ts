/** Options of what takes mail from people, and of the queue that it leaves by. */
import {
  boolean,
  choice,
  duration,
  durations,
  integer,
  optionalPath,
  secret,
  size,
  string,
} from '../option.ts';

export const SENDING = {
  queue: {
    ip: choice(['auto', 'ipv4', 'ipv6', 'both'], {
      default: 'auto',
      doc: 'By which family of addresses mail leaves. "auto" uses IPv6 only while the address of this machine has a name in the DNS that leads back to it: large receivers refuse mail from one that has none.',
    }),
    retry: durations({
      default: '1m, 5m, 10m, 20m, 40m, 1h, 2h, 3h, 4h',
      doc: 'How long a message waits between two tries, one behind the other; the last one is for all that follow. Each is a tenth longer or shorter, so that what was deferred together does not come back together.',
    }),
    giveUp: duration({
      default: '5d',
      min: '1m',
      max: '30d',
      doc: 'For how long a message is tried. Then its sender gets a report.',
    }),
    warn: duration({
      default: '4h',
      min: '1m',
      max: '30d',
      doc: 'After which time the sender is told, once, that a message is late.',
    }),
    connections: integer({
      default: 100,
      min: 1,
      max: 10_000,
      doc: 'Connections to other servers at once, of one process. One server gets two of them, and up to ten while it takes what it gets.',
    }),
    allowPrivate: boolean({
      default: false,
      doc: 'Whether mail may go to servers at private addresses and on this machine. Whoever owns a domain decides where its mail goes, and would otherwise have this server speak to what only it can reach.',
    }),
    language: choice(['en', 'sv'], {
      default: 'en',
      doc: 'The language of the reports that senders get about their mail, and the one that an IMAP client gets who asks for `LANGUAGE default`.',
    }),
    languages: string({
      default: '',
      pattern: /^(?:\s*[^\s,=]+[\s=]+(?:en|sv)\s*(?:,|$))*$/,
      expected: 'domains and languages such as "example.se sv, example.com en"',
      doc: 'The same by the domain of the account, "example.se sv, example.com en". An account can have its own: `brevduva account set ADDRESS queue.language sv`.',
    }),
    routes: optionalPath({
      doc: 'A TOML file that says which mail goes by which server, by the domain that sends and the domain that gets it: tables `[[route]]` with `from`, `to` (a domain, or `*.example.org`), `via` ("mail.example.net:587", or "mx" for the servers of the recipient), `user`, `password`, `tls`. The first that fits counts; what none fits goes as without it. It must not be readable by everybody. Read at the start.',
    }),
    smarthost: string({
      default: '',
      doc: 'A server that all mail for elsewhere goes to, as in "mail.example.net:587", instead of the servers of the recipients. Port 465 has TLS from the first octet.',
    }),
    smarthostUser: string({
      default: '',
      doc: 'The name to sign in there with. Without one nobody signs in.',
    }),
    smarthostPassword: secret({
      doc: 'The password for it. It is sent only inside TLS.',
    }),
    smarthostTls: choice(['verified', 'encrypted', 'opportunistic'], {
      default: 'verified',
      doc: 'What the smarthost has to prove: "verified", a valid certificate for its name; "encrypted", nothing, but it has to have TLS; "opportunistic", nothing at all.',
    }),
  },
  reports: {
    send: boolean({
      default: false,
      doc: 'Whether other domains are told, once a day, how mail in their name fared here (DMARC, to the addresses in their policy) and how their servers could be spoken to (TLSRPT). They find mistakes of theirs by it, and abuse of their name. What is counted for it stands in `feedback.db` in the data folder, for some days.',
    }),
    from: string({
      default: '',
      pattern: /^(?:[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253})?$/,
      expected: 'an address, or "" for the postmaster',
      doc: 'Whom these reports are from. "" is postmaster@ the default domain. Its domain has to be one whose mail this server signs.',
    }),
  },
  submission: {
    enabled: boolean({
      default: true,
      doc: 'Whether accounts may send mail. This and the four limits are defaults: `brevduva account set ADDRESS submission.messages_per_hour 2000` decides for one account.',
    }),
    undo: duration({
      default: '0s',
      max: '1h',
      doc: 'For how long mail that programs send (SMTP) waits before it leaves, so that it can be taken back: in the webmail or another program that speaks JMAP, where it lies in the mailbox "Scheduled" meanwhile, and by `brevduva queue cancel`. Mail that says by when it is to be delivered does not wait. An account can have its own: `brevduva account set ADDRESS submission.undo 30s`. The webmail has its own time, in its settings.',
    }),
    maxSize: size({
      default: '50MiB',
      min: '64KiB',
      max: '2GiB',
      doc: 'The largest message taken for sending; announced as SIZE.',
    }),
    maxRecipients: integer({
      default: 100,
      min: 1,
      max: 10_000,
      doc: 'Recipients of one message; programs send the rest in another.',
    }),
    messagesPerHour: integer({
      default: 300,
      min: 0,
      doc: 'Messages that an account may send in an hour; more are refused for the moment, and programs keep them. A stolen password sends thousands. The owner and the postmaster are told at four fifths and at the end. 0 sets no limit.',
    }),
    recipientsPerHour: integer({
      default: 1000,
      min: 0,
      doc: 'Recipients of all its messages together in an hour.',
    }),
    messagesPerDay: integer({ default: 2000, min: 0, doc: 'Messages that an account may send in a day.' }),
    recipientsPerDay: integer({
      default: 5000,
      min: 0,
      doc: 'Recipients of all its messages together in a day.',
    }),
    domains: string({
      default: '',
      pattern: /^(?:\s*[^\s,=]+(?:\s+(?:messages|recipients)_per_(?:hour|day)=\d{1,9})+\s*(?:,|$))*$/,
      expected: 'domains with limits such as "example.org messages_per_hour=5000 recipients_per_day=0"',
      doc: 'Other limits for the accounts of some domains: "example.org messages_per_hour=5000 recipients_per_day=20000, example.net messages_per_day=50". What an account has of its own comes before it.',
    }),
    from: choice(['own', 'sender'], {
      default: 'own',
      doc: 'What becomes of mail whose From is not of the account, which is anything that does not lead to it: its address, its aliases and their tags, a domain of which it gets everything. "own" refuses it, with the address in the refusal. "sender" sends it with a Sender field that says who it was.',
    }),
    channelBinding: boolean({
      default: false,
      doc: 'Whether SCRAM bound to the TLS connection (SCRAM-SHA-256-PLUS) is offered for sending, as it is for reading. mutt, up to 2.2.12 at least, chooses it wherever it is offered, cannot do it over TLS 1.3, and gives up; msmtp and GNU SASL can.',
    }),
    hideClient: boolean({
      default: true,
      doc: 'Whether the address from which somebody sends stays out of the message, where everybody who gets it could read it. The log has it.',
    }),
  },
  sent: {
    copy: boolean({
      default: false,
      doc: 'Whether the server puts what is sent into the mailbox for sent mail. Most programs do that themselves; one that does it within ten minutes gets the copy that is there, so nothing is there twice.',
    }),
  },
} as const;
