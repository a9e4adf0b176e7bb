/**
 * What the configuration says to IMAP sessions.
 */
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { PlaintextRule } from '../sasl/plaintext.ts';
import type { FramerLimits } from './wire/frame-event.ts';
import type { Language } from './words/language.ts';

export interface ImapSettings {
  readonly hostname: string;
  readonly version: string;
  readonly plaintext: PlaintextRule;
  /** APPENDLIMIT (RFC 7889), octets. */
  readonly maxAppendBytes: number;
  /** What those get who ask for the language that the administrator prefers (RFC 5255 §3.2); undefined: nobody has signed in. */
  readonly preferredLanguage: (account: AccountRecord | undefined) => Language;
  /** MESSAGELIMIT and SAVELIMIT (RFC 9738); 0: no limit. */
  readonly messagesPerCommand: number;
  readonly messagesLimited: 'all' | 'saves';
  /** UIDONLY (RFC 9586). */
  readonly offersUidOnly: boolean;
  /** X-GM-EXT-1; as it was at the start. */
  readonly offersGmail: boolean;
  /** XAPPLEPUSHSERVICE: the topic of the certificate, as it was at the start; undefined: it is not offered. */
  readonly applePushTopic: string | undefined;
  /** Where scripts of mailboxes are edited (RFC 6785 §2.1); undefined: nowhere. */
  readonly sieveUrl: string | undefined;
  /** The session object of JMAP, as the world has it (RFC 9698); undefined: there is none. */
  readonly jmapUrl: string | undefined;
  readonly idleKeepaliveMs: number;
  /** So long a command may be silent before it says that it is at work. */
  readonly progressMs: number;
  readonly loginTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly badCommandsBeforeLogin: number;
  readonly badCommands: number;
  readonly failuresPerConnection: number;
  readonly limitsBeforeLogin: FramerLimits;
  readonly limitsAfterLogin: FramerLimits;
}
