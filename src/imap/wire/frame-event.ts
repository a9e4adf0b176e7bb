/**
 * What the framer is bounded by and what it reports. A session reads the events as a script: `frame` is a command to
 * run, `fault` a command to answer and forget, the others ask about a literal or carry one.
 */
import type { SyntaxFault } from './fault.ts';
import type { Frame, StreamedLiteral } from './frame.ts';
import type { LiteralAnnouncement } from './literal.ts';

export interface FramerLimits {
  /** Text of one command, all its parts, without the line ends; more by the messages it brings. */
  readonly lineBytes: number;
  /** Sum of the literals of one command that are kept in memory. */
  readonly literalBytes: number;
  /** How many literals of one command are kept in memory; streamed ones are the policy's to count. */
  readonly literals: number;
  /** How much of a dropped command is read before the connection is given up. */
  readonly discardBytes: number;
}

/**
 * Anybody may connect: no more memory than an ID needs, the longest command of that time: 30 fields of 30 and values of
 * 1,024 octets (RFC 2971 §3.3), each a literal, or quoted with a backslash before every octet.
 */
export const LIMITS_BEFORE_LOGIN: FramerLimits = Object.freeze({
  lineBytes: 64 * 1024,
  literalBytes: 64 * 1024,
  literals: 60,
  discardBytes: 1024 * 1024,
});

/** Clients name hundreds of UIDs in one line. A dropped APPEND may be as large as any message. */
export const LIMITS_AFTER_LOGIN: FramerLimits = Object.freeze({
  lineBytes: 64 * 1024,
  literalBytes: 128 * 1024,
  literals: 100,
  discardBytes: 256 * 1024 * 1024,
});

export type FrameEvent =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** A synchronizing literal: call `accept` (after sending `+ `) or `refuse`; until then nothing is read. */
  | { readonly kind: 'literal-wanted'; readonly announcement: LiteralAnnouncement }
  /** Its body follows as `stream-chunk`s and a `stream-end`; `refuse` may be called at any moment before the end. */
  | {
      readonly kind: 'stream-literal';
      readonly literal: StreamedLiteral;
      readonly announcement: LiteralAnnouncement;
    }
  | { readonly kind: 'stream-chunk'; readonly literal: StreamedLiteral; readonly bytes: Buffer }
  | { readonly kind: 'stream-end'; readonly literal: StreamedLiteral }
  /** The command is gone, streamed literals of it included. Answer with its tag. */
  | {
      readonly kind: 'fault';
      readonly tag: string | undefined;
      readonly name: string;
      readonly fault: SyntaxFault;
    };

export type LineEvent =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  | { readonly kind: 'fault'; readonly fault: SyntaxFault };
