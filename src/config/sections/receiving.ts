/** Options of what takes mail in, and of the rules that sort it. */

import { boolean, choice, duration, integer, size, string } from '../option.ts';
import { SIEVE } from './sieve.ts';
import { TRUST } from './spam.ts';

export const RECEIVING = {
  lmtp: {
    overQuota: choice(['grace', 'tempfail', 'reject'], {
      default: 'grace',
      doc: 'What a delivery to a full account is told. "grace" (452 4.2.2, after `quota.grace` 552 5.2.2): the sender\'s server keeps the message while there may still be room, and then it goes back. "tempfail" (452 4.2.2): it is kept for as long as that server tries. "reject" (552 5.2.2): it goes back at once.',
    }),
    maxSize: size({
      default: '128MiB',
      min: '64KiB',
      max: '2GiB',
      doc: 'The largest message taken for delivery; announced as SIZE.',
    }),
    junkHeaders: boolean({
      default: false,
      doc: 'Whether mail that a transfer agent brings goes to Junk when its filter says in the header that it is spam (X-Spam-Flag, X-Spam-Status, X-Spam).',
    }),
    allowPublic: boolean({
      default: false,
      doc: 'Whether LMTP may listen on an address that is not private. The server refuses that otherwise, since LMTP asks for no password and strangers could deliver past every filter. Only for a port that a firewall or the network of a container guards.',
    }),
  },
  mx: {
    maxSize: size({
      default: '50MiB',
      min: '64KiB',
      max: '2GiB',
      doc: 'The largest message taken from the world; announced as SIZE.',
    }),
    overQuota: choice(['grace', 'tempfail', 'reject'], {
      default: 'grace',
      doc: 'What a message from the world for a full account is told. "grace" (452 4.2.2, after `quota.grace` 552 5.2.2): the sender\'s server keeps it while there may still be room, and then it goes back. "tempfail" (452 4.2.2): it is kept for as long as that server tries. "reject" (552 5.2.2): it goes back at once.',
    }),
    greetingDelay: duration({
      default: '250ms',
      max: '30s',
      doc: 'How long a client is listened to before it is greeted. Who speaks first is no mail server, and is sent away (554 5.5.1); the more patience, the more of them are found. 0 greets at once.',
    }),
    checkTimeout: duration({
      default: '10s',
      min: '1s',
      max: '2m',
      doc: 'How long it may take, from the end of a message, to find out where it is from (SPF, DKIM, DMARC, ARC). What the DNS has not said by then counts as unknown.',
    }),
    trustedSealers: string({
      default: '',
      pattern: /^[^\0-\x1f"]{0,4000}$/,
      expected: 'domains such as "lists.example.org, relay.example.com"',
      doc: 'Domains of mailing lists and forwarders whose ARC seal is believed: mail that they say was authentic when it came to them is not refused for what they did to it.',
    }),
    ...TRUST,
    connectionsPerMinute: integer({
      default: 60,
      min: 1,
      doc: 'Connections that one network (a /24, or a /64 of IPv6) may open in a minute to the port for mail from the world. Loopback is exempt.',
    }),
  },
  sieve: SIEVE,
} as const;
