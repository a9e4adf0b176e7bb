import {
  boolean,
  choice,
  duration,
  integer,
  listen,
  logLevel,
  networks,
  optionalPath,
  path,
  secret,
  servers,
  size,
  string,
  TRUSTED_URL,
  type Values,
} from './option.ts';
import { APPLE_PUSH } from './sections/apple-push.ts';
import { BACKUP } from './sections/backup.ts';
import { IMAP } from './sections/imap.ts';
import { RECOVERY, RETENTION } from './sections/keeping.ts';
import { LIMITS } from './sections/limits.ts';
import { PROXY } from './sections/proxy.ts';
import { QUOTA } from './sections/quota.ts';
import { RECEIVING } from './sections/receiving.ts';
import { SENDING } from './sections/sending.ts';
import { DNSBL, GREYLIST, RSPAMD } from './sections/spam.ts';

/**
 * Every option of the server. The name in the file is the place in this tree, in snake case: `limits.lineBytes` is
 * `line_bytes` under `[limits]`, `BREVDUVA_LIMITS_LINE_BYTES` in the environment. An option is here only when something
 * reads it; an unknown one is an error, so a name that does nothing would be a lie.
 *
 * Each limit says which attack or accident it answers.
 */
export const OPTIONS = {
  hostname: string({
    default: 'localhost',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i,
    expected: 'a host name such as "mail.example.com"',
    doc: 'The name of this server, as clients and other servers know it: in greetings, in trace headers and in the certificate that is made when none is given.',
  }),
  data: path({
    default: './data',
    doc: 'The folder that holds everything: accounts, mail, indexes, the self-made certificate. Back this up.',
  }),
  workers: integer({
    default: 0,
    min: 0,
    max: 64,
    doc: 'Processes that serve, each with a part of the accounts. 0: one for each core, at most 8, on machines with more than two cores, else 1. Never more than the data folder has shards. Each takes 100 MB or so.',
  }),
  search: {
    index: choice(['on-demand', 'off'], {
      default: 'on-demand',
      doc: 'Whether an index of words is kept for accounts whose texts are searched. "on-demand": made in the background after the first search for a text, some tenth of the text in size, removed when nobody has searched for two months. Without one every such search reads the mail. It is derived: the folder `search` in the data folder need not be backed up.',
    }),
  },
  quota: QUOTA,
  backup: BACKUP,
  recovery: RECOVERY,
  retention: RETENTION,
  listen: {
    imap: listen({
      default: '127.0.0.1:1143',
      doc: 'IMAP with STARTTLS; the usual port is 143. Every address here is "host:port"; port 0 binds a free one and prints it.',
    }),
    imaps: listen({
      default: '127.0.0.1:1993',
      doc: 'IMAP with TLS from the first byte; the usual port is 993.',
    }),
    pop3: listen({ default: '127.0.0.1:1110', doc: 'POP3 with STLS; the usual port is 110.' }),
    pop3s: listen({
      default: '127.0.0.1:1995',
      doc: 'POP3 with TLS from the first byte; the usual port is 995.',
    }),
    managesieve: listen({
      default: '127.0.0.1:14190',
      doc: 'ManageSieve with STARTTLS, with which mail programs edit Sieve scripts; the usual port is 4190.',
    }),
    submission: listen({
      default: '127.0.0.1:1587',
      doc: 'Where mail programs send, with STARTTLS; the usual port is 587. People sign in as they do for reading.',
    }),
    submissions: listen({
      default: '127.0.0.1:1465',
      doc: 'The same with TLS from the first byte; the usual port is 465.',
    }),
    lmtp: listen({
      default: '127.0.0.1:1024',
      doc: 'LMTP, through which a mail transfer agent (Postfix, Exim, OpenSMTPD) delivers; the usual port is 24. It asks for no password: anybody who reaches it can deliver, so keep it on loopback or a private network.',
    }),
    smtp: listen({
      default: '',
      doc: 'SMTP for mail from the world, which the MX records of your domains lead here; the port has to be 25: "0.0.0.0:25". Off unless it is given. It takes mail for accounts here and for nobody else.',
    }),
    http: listen({
      default: '127.0.0.1:8180',
      doc: 'HTTP: the webmail and JMAP, on loopback or behind a proxy that speaks TLS with the world; and what mail programs ask of how to be set up and certificate authorities of names (acme.enabled), for which the usual port is 80: "*:80".',
    }),
    https: listen({
      default: '',
      doc: 'The same with TLS, and the policy of MTA-STS, which counts over TLS alone; the usual port is 443: "*:443". Off unless it is given.',
    }),
    metrics: listen({
      default: '',
      doc: 'Numbers for Prometheus, at /metrics over HTTP. It asks for no password, so it listens on loopback and nowhere else: "127.0.0.1:9187". The control socket has the same numbers.',
    }),
  },
  tls: {
    certificate: optionalPath({
      doc: 'The certificate with its chain, PEM. It is read again when the file changes: renewing needs no restart. Without it, a self-signed pair is made in the data folder.',
    }),
    key: optionalPath({
      doc: 'The private key of the certificate, PEM. Give both or neither.',
    }),
    clientCa: optionalPath({
      doc: 'The authorities, PEM, whose certificates people may sign in with (SASL EXTERNAL): one that they signed for TLS clients, with the address of an account among its alternative names (rfc822Name). Clients are then asked for a certificate in every TLS handshake, which some mail programs show to the person; those without one sign in as before. Revocation lists (CRL) may stand in the same file; once one does, every authority needs its own. The file is read again when it changes.',
    }),
  },
  acme: {
    enabled: boolean({
      default: false,
      doc: 'Get a certificate for hostname from an authority, and one for each domain here with the names by which it is set up (autoconfig, autodiscover, mta-sts, ua-auto-config), as far as they lead here, and renew them in time. Whoever sets this agrees to the terms of that authority. It checks each name at port 80 (listen.http) or 443 (listen.https) of the address that the name has. `brevduva doctor` tells how it goes.',
    }),
    directory: string({
      default: 'https://acme-v02.api.letsencrypt.org/directory',
      pattern: /^https:\/\/[^\s]{1,500}$/,
      expected: 'the URL of an ACME directory, https',
      doc: "Which authority: the URL of its directory (RFC 8555). The default is Let's Encrypt.",
    }),
    email: string({
      default: '',
      pattern: /^$|^[^\s@]{1,64}@[^\s@]{1,253}$/,
      expected: 'an address such as "hostmaster@example.com"',
      doc: 'Where the authority may write, about its account and nothing else. It may be left out.',
    }),
    externalKeyId: string({
      default: '',
      doc: 'For authorities that want to know their customers first (ZeroSSL, Google): the id of the key that they give out (external account binding).',
    }),
    externalKey: secret({
      doc: 'That key, in base64url. Both or neither.',
    }),
    dnsCommand: optionalPath({
      doc: 'A program that publishes records, for names that cannot be checked at port 80 or 443 (dns-01): it is called as PROGRAM present NAME VALUE to publish a TXT record, and as PROGRAM remove NAME VALUE to take it away. With it, nothing has to reach this machine.',
    }),
    caCertificate: optionalPath({
      doc: 'The certificate of an authority, PEM, that vouches for the directory itself, for one of your own (step-ca). Public ones need none.',
    }),
  },
  proxy: PROXY,
  http: {
    trustedProxies: networks({
      doc: 'Proxies in front of listen.http and listen.https, by address or network ("127.0.0.1, 10.0.0.0/8"): what these say of the client (X-Forwarded-For, X-Forwarded-Proto) is believed, and nobody else.',
    }),
  },
  mtaSts: {
    mode: choice(['none', 'testing', 'enforce'], {
      default: 'testing',
      doc: 'What the policy at https://mta-sts.DOMAIN asks of those who send to a domain here (RFC 8461): "testing" to report when TLS with a valid certificate does not come about, "enforce" to send nothing then, "none" to forget an earlier policy. It counts once the record _mta-sts.DOMAIN is in the DNS.',
    }),
    mx: string({
      default: '',
      pattern: /^(?:(?:\*\.)?[a-z0-9][a-z0-9.-]{0,251}(?:,\s*|\s+|$))*$/i,
      expected: 'host names, separated by commas, such as "mail.example.com, *.backup.example.com"',
      doc: 'The hosts that the policy names: all that take mail of the domains, as their MX records have them. hostname, when it is left out.',
    }),
    maxAge: duration({
      default: '7d',
      min: '1d',
      max: '365d',
      doc: 'How long senders remember the policy. A few weeks are usual once it is enforced.',
    }),
  },
  dns: {
    servers: servers({
      port: 53,
      doc: 'Resolvers to ask, by address, in this order, instead of those in /etc/resolv.conf. `brevduva doctor` asks them. One on this machine that validates (Unbound, Knot Resolver) is the best there is.',
    }),
  },
  auth: {
    plaintext: choice(['never', 'loopback', 'always'], {
      default: 'loopback',
      doc: 'Where passwords may be sent without TLS. "loopback" allows it from this machine only. "always" lets anybody on the path read them.',
    }),
    defaultDomain: string({
      default: 'localhost',
      pattern: /^[^\s@\0-\x1f]{1,253}$/,
      expected: 'a domain such as "example.com"',
      doc: 'Completes a bare user name at sign-in: "alice" becomes alice@ this domain.',
    }),
    scram: choice(['auto', 'on', 'off'], {
      default: 'auto',
      doc: 'Whether people can sign in by SCRAM, which sends no password and binds the exchange to its TLS connection. What it needs is kept of every password that is set from now on, and of an older one when its owner next signs in with it. "auto" offers it once that is so for all accounts, because a program that tries SCRAM and fails does not try anything else. "on" offers it at once; "off" never, and keeps nothing for it.',
    }),
    mainPassword: choice(['everywhere', 'web'], {
      default: 'everywhere',
      doc: 'Where the password of an account is good. "web": not in mail programs, each of which has an app password ("brevduva account apppass add"); whoever uses the main one there is told so.',
    }),
    failDelay: duration({
      default: '2s',
      max: '1m',
      doc: 'How long the answer to a wrong password waits; twice as long with each further failure, up to 15 s. Slows down guessing; beyond some failures a minute an account or a network is refused for a while, with the right password too, after the same wait.',
    }),
    failuresPerConnection: integer({
      default: 3,
      min: 1,
      max: 100,
      doc: 'Sign-ins that failed, whyever, after which the connection is closed.',
    }),
  },
  oauth: {
    issuer: string({
      default: '',
      pattern: TRUSTED_URL,
      expected: 'an https URL',
      doc: 'Whose access tokens people sign in with (OAUTHBEARER, XOAUTH2): the URL of an OpenID provider, exactly as it calls itself, such as "https://id.example.com/realms/mail". Needs an audience. Empty: no tokens are taken.',
    }),
    keys: string({
      default: '',
      pattern: TRUSTED_URL,
      expected: 'an https URL',
      doc: 'Where the keys of the issuer are (its "jwks_uri"). Empty: as its OpenID configuration says.',
    }),
    audience: string({
      default: '',
      doc: 'For whom a token must be (its "aud"): the client of the mail programs at the issuer, or several with commas between. Without it a token for any other service of the issuer would open the mailbox.',
    }),
    scope: string({
      default: '',
      pattern: /^[\x21\x23-\x5b\x5d-\x7e]*$/,
      expected: 'one scope, such as "mail"',
      doc: 'What a token must allow (its "scope" or "scp"). Programs are told which. Empty: anything.',
    }),
    claim: string({
      default: 'email',
      pattern: /^[^\s\0-\x1f]{1,100}$/,
      expected: 'the name of a claim',
      doc: 'What in the token names the account: its address, or a bare name that auth.default_domain completes ("preferred_username"). An "email" that the issuer has not verified is not taken.',
    }),
  },
  addresses: {
    separators: string({
      default: '+',
      pattern: /^[!#$%&'*+/=?^_`{|}~-]{0,5}$/,
      expected: 'up to five of the characters !#$%&\'*+/=?^_`{|}~-, or "" for none',
      doc: 'What begins a tag: mail to anna+shop@example.com is anna\'s, so that she can give everybody an address of their own. Several characters each begin one; "" takes every address as it is. An account or alias that has the character in its name is found first.',
    }),
    postmaster: string({
      default: '',
      pattern: /^[^\s\0-\x1f]{0,320}$/,
      expected: 'an address, or "" for the first account',
      doc: 'Who gets the mail for postmaster@ each domain that is here, where nobody has that address: it always has to reach somebody (RFC 5321 §4.5.1). "" is the account that was made first.',
    }),
  },
  store: {
    url: choice(['sqlite:'], {
      default: 'sqlite:',
      expected: '"sqlite:" (in the data folder), the only store this version has',
      doc: 'Where accounts and indexes are kept. "sqlite:" is the embedded store in the data folder and the only one this version has.',
    }),
    flags: choice(['synced', 'delayed'], {
      default: 'synced',
      doc: 'When a flag change is answered. "synced": when it is on disk, like everything else. "delayed": at once, and on disk within 100 ms; a power cut in between loses the change, never a message, and a killed server loses nothing.',
    }),
    packAfter: duration({
      default: '7d',
      max: '3650d',
      doc: 'Mail that is older is packed into less room, in the background: compressed, and attachments that several messages have are kept once. It takes a little longer to open then, and nobody sees that. "0": none is; what is packed stays so. `brevduva compact` packs everything at once.',
    }),
    minFree: size({
      default: '1GiB',
      max: '1TiB',
      doc: 'Free room on the disk below which new mail is refused for now ("452 4.3.1", "NO [UNAVAILABLE]"), so that reading, moving and deleting go on; 5 % of a disk when that is less. 0 refuses it only when the disk is full.',
    }),
    shards: integer({
      default: 0,
      min: 0,
      max: 64,
      doc: 'Number of parts the accounts are divided into; a worker has whole ones. Read once, when the data folder is made; "brevduva reshard" makes more of them later. 0: 8 on machines with more than two cores, 16 on those with sixteen or more, else 1, which serves a single process best.',
    }),
  },
  blobs: {
    url: choice(['files:', 'packs:'], {
      default: 'files:',
      expected: '"files:" (in the data folder), the only place for messages this version has',
      doc: 'Where message bytes are kept. "files:" is the only choice this version has: small messages in the database, larger ones in files beside it, older ones in packs (store.pack_after). "packs:", its name in 0.1, means the same.',
    }),
  },
  log: {
    level: logLevel({
      default: 'info',
      doc: 'Lines below this level are not written. On standard error the log is JSON, or lines for a person when that is a terminal. Lines that strangers cause are limited by kind and by where they come from, and counted beyond that; at "debug" nothing is limited.',
    }),
    file: optionalPath({
      doc: 'The file to which the log goes, JSON, for its owner alone to read. SIGHUP opens it anew after it was moved away (logrotate). Without it, the log goes to standard error.',
    }),
    activity: size({
      default: '64MiB',
      min: '1MiB',
      doc: 'How much is kept in the data folder of what happened to each account: sign-ins, deliveries, what was deleted, moved and renamed by which client, changes by administrators. `brevduva activity ADDRESS` shows it; the oldest is forgotten.',
    }),
  },
  imap: IMAP,
  applePush: APPLE_PUSH,
  pop3: {
    enabled: boolean({
      default: true,
      doc: 'Whether accounts may use POP3. This and the next three are defaults: `brevduva account set ADDRESS pop3.enabled false` decides for one account.',
    }),
    delete: choice(['expunge', 'trash'], {
      default: 'expunge',
      doc: 'What becomes of a message that a POP3 client deletes, which most do after fetching it. "expunge": it is gone. "trash": it moves to the Trash mailbox, where the account\'s other devices still find it.',
    }),
    markSeen: boolean({
      default: false,
      doc: 'Whether a message that was fetched over POP3 counts as read. A program that fetches every ten minutes would mark mail as read that nobody has looked at, and the phone would show nothing new.',
    }),
    days: integer({
      default: 0,
      min: 0,
      max: 36_500,
      doc: 'How many days back a POP3 client sees mail; 0 shows all of it. Older messages stay in the mailbox for everything else.',
    }),
    loginDelay: duration({
      default: '0',
      max: '1h',
      doc: 'The least time between two sign-ins of one account over POP3; announced as LOGIN-DELAY. Stops programs that ask every second. 0 sets no limit.',
    }),
  },
  ...RECEIVING,
  rspamd: RSPAMD,
  dnsbl: DNSBL,
  greylist: GREYLIST,
  ...SENDING,
  limits: LIMITS,
} as const;

/** What a running server takes up on SIGHUP, for connections that begin afterwards; the rest waits for a restart. */
export const RELOADED: ReadonlySet<string> = new Set([
  'tls.certificate',
  'tls.key',
  'tls.client_ca',
  'dns.servers',
  'auth.plaintext',
  'auth.failures_per_connection',
  'log.level',
  'imap.idle_keepalive',
  'imap.uid_only',
  'pop3.enabled',
  'pop3.delete',
  'pop3.mark_seen',
  'pop3.days',
  'pop3.login_delay',
  'submission.enabled',
  'submission.messages_per_hour',
  'submission.recipients_per_hour',
  'submission.messages_per_day',
  'submission.recipients_per_day',
  'submission.domains',
  'submission.from',
  'submission.channel_binding',
  'submission.hide_client',
  'sent.copy',
  'limits.login_timeout',
  'limits.idle_timeout',
  'limits.pop3_idle_timeout',
  'limits.line_bytes',
  'limits.line_bytes_before_login',
  'limits.literal_bytes',
  'limits.literals_per_command',
  'limits.bad_commands_before_login',
  'limits.bad_commands',
]);

export type Config = Values<typeof OPTIONS>;
