/** Options of what is asked about mail from the world beside where it is from: filters, lists, patience. */
import { boolean, choice, duration, integer, networks, secret, size, string } from '../option.ts';

const URL_PATTERN = /^(?:http:\/\/[^\0-\x20"]{1,500})?$/i;
/** As `spam/block-list.ts` reads it. */
const LISTS =
  /^(?:[\s,]*[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_-]+)+(?:=[\d.[\];]+)?(?:\*-?\d{1,3})?[\s,]*(?=[\s,]|$)){0,20}$/i;

export const RSPAMD = {
  url: string({
    default: '',
    pattern: URL_PATTERN,
    expected: 'a URL such as "http://127.0.0.1:11333"',
    doc: 'Where rspamd scans mail (its worker "normal"). Each message from the world is shown to it, and what it wants is done: refuse, ask to come again, set apart. Empty: it is not asked.',
  }),
  controllerUrl: string({
    default: '',
    pattern: URL_PATTERN,
    expected: 'a URL such as "http://127.0.0.1:11334"',
    doc: 'Where rspamd learns (its worker "controller"): messages that people move into Junk as spam, those that they move out of it as ham. Empty: it learns nothing.',
  }),
  password: secret({ doc: 'The password of the controller of rspamd, if it asks this machine for one.' }),
  timeout: duration({
    default: '10s',
    min: '1s',
    max: '1m',
    doc: 'How long rspamd may take for a message.',
  }),
  maxSize: size({
    default: '5MiB',
    min: '64KiB',
    max: '64MiB',
    doc: 'A larger message is not shown to rspamd. Messages wait in memory until they are scanned, all of them in at most 128 MiB.',
  }),
  whenAbsent: choice(['accept', 'defer'], {
    default: 'accept',
    doc: 'What becomes of mail when rspamd does not answer. "accept": it is taken as if nobody had been asked. "defer" (451): the sender\'s server brings it again.',
  }),
} as const;

export const DNSBL = {
  lists: string({
    default: '',
    pattern: LISTS,
    expected: 'lists such as "zen.example.org=127.0.0.[2..11]*3, good.example.net*-2"',
    doc: 'Lists of addresses in the DNS (RFC 5782) that are asked about who brings mail, as postscreen has them: the name, behind `=` which answers count (all of them when absent), behind `*` for how many points (1). Less than nothing is for lists of good senders. A list that does not answer says nothing. Read the terms of each list first; most do not answer those who ask by the resolver of a large provider.',
  }),
  junkFrom: integer({
    default: 2,
    min: 0,
    max: 1000,
    doc: 'From so many points on mail goes to Junk. 0: never.',
  }),
  rejectFrom: integer({
    default: 3,
    min: 0,
    max: 1000,
    doc: 'From so many points on mail is refused (550 5.7.1). 0: never.',
  }),
} as const;

export const GREYLIST = {
  enabled: boolean({
    default: false,
    doc: 'Whether mail of senders who were never heard of is asked to come again in some minutes (RFC 6647). Most programs that send spam do not, and every mail server does; but a first message, such as a code to sign in with, is late.',
  }),
  whom: choice(['suspicious', 'all'], {
    default: 'all',
    doc: 'Whose mail waits when it is on. "all": that of everybody who was never heard of. "suspicious": only where the address has no name in the DNS that leads back to it, or one that spells the address or a line of a provider (dsl, dynamic, pool), and neither SPF nor DKIM proves a domain. That delays few codes and next to no mail of people.',
  }),
  delay: duration({
    default: '5m',
    min: '1s',
    max: '4h',
    doc: 'How long it is asked to wait. Also what mail waits for which rspamd wants to come again.',
  }),
} as const;

export const TRUST = {
  trustedRelays: networks({
    doc: 'Servers that pass mail on to this one and are trusted to have judged it: their mail is on no list and waits for nobody, and what the DNS says against them (SPF, DMARC) refuses nothing, since they send in the name of everybody.',
  }),
  junkHeaders: boolean({
    default: false,
    doc: 'Whether mail of `mx.trusted_relays` goes to Junk when their filter says in its header that it is spam (X-Spam-Flag, X-Spam-Status, X-Spam).',
  }),
} as const;
