/** What IMAP is to its clients. */
import { boolean, duration, size, string } from '../option.ts';

export const IMAP = {
  maxAppendSize: size({
    default: '128MiB',
    min: '1MiB',
    max: '2GiB',
    doc: 'The largest message a client may upload; announced as APPENDLIMIT and refused before a byte of it is read. The bytes go to disk, not into memory.',
  }),
  idleKeepalive: duration({
    default: '2m',
    min: '10s',
    max: '29m',
    doc: 'How often a waiting client hears "still here". Phones cannot tell a dead connection from a quiet one, and home routers forget quiet ones after a few minutes.',
  }),
  uidOnly: boolean({
    default: false,
    doc: 'Whether programs may do without message numbers (UIDONLY, RFC 9586). Off, since a version of Outlook switches it on and then asks by numbers, so that it shows no mail.',
  }),
  gmailExtension: boolean({
    default: false,
    doc: 'Whether programs are offered what they know of Gmail: ids of messages and conversations, mailboxes as labels, searches in the words of the webmail (X-GM-EXT-1). Off, since programs that see it take this server for Gmail: some keep no copies of what they send, or delete mail by taking its labels. For programs of your own, and for moving away.',
  }),
  admin: string({
    default: '',
    pattern: /^(?:[a-z][a-z0-9+.-]*:[^\0-\x20]{1,1000})?$/i,
    expected: 'an address such as "mailto:help@example.com" or "tel:+46-8-123456"',
    doc: 'How people reach who runs this server: programs that ask for the annotation /shared/admin (RFC 5464) are told.',
  }),
  comment: string({
    default: '',
    pattern: /^[^\0-\x1f]{0,1000}$/,
    doc: 'A note about this server: the annotation /shared/comment (RFC 5464).',
  }),
} as const;
