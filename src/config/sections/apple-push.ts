/** Telephones that are told of new mail by Apple, through a daemon of the administrator's. */
import { string, TRUSTED_URL } from '../option.ts';

export const APPLE_PUSH = {
  topic: string({
    default: '',
    pattern: /^[A-Za-z0-9.-]{0,255}$/,
    expected: 'a topic such as "com.apple.mail.XServer.0e2b…", as the certificate has it',
    doc: "The topic of your certificate for Apple's push service, the UID of its subject. With it and `apple_push.url`, iPhones register over IMAP (XAPPLEPUSHSERVICE) and are told of new mail. Apple gives such certificates to few: without one this does nothing for you.",
  }),
  url: string({
    default: '',
    pattern: TRUSTED_URL,
    expected: 'an address such as "http://127.0.0.1:11619/notify" or "https://push.example.com/notify"',
    doc: 'The daemon that has the certificate and speaks to Apple: it is told of new mail here, by POST, in JSON that `docs/IMAP.md` describes. Over TLS, or on this machine.',
  }),
} as const;
