/**
 * What delivery computes from the octets of an email, once: named parts, of which a reader asks for those it needs. Two of
 * them are sent as they are, the others spare reading the message. All are made by `mail/message.ts`.
 *
 * Facts have a version. Those of an older version lack the parts that came later until the upkeep has computed them anew, so a
 * reader that asks for a part has a way without it: a part that is not there is undefined, never an empty guess.
 */
import type { MessageFacts } from '../../mail/message.ts';
import type { EmailId } from './model.ts';

/** Raised when a part is added or is computed otherwise. Version 1 is what the program had before it counted. */
export const FACTS_VERSION = 2;

/** What every email has, whatever its version. */
export interface WireParts {
  /** Wire form of ENVELOPE (RFC 9051 §7.5.2). */
  readonly envelope: Buffer;
  /** Wire form of BODYSTRUCTURE with all extension fields. */
  readonly bodyStructure: Buffer;
  /** Offsets of the MIME parts, see `mail/part-codec.ts`. */
  readonly parts: Buffer;
}

export interface DerivedParts {
  /** The header fields that clients list by, see `mail/stored-header.ts`; undefined when they are too long. */
  readonly header: Buffer | undefined;
  /** Folded text of the usual fields, see `mail/search-text.ts`; undefined when the envelope may not have all of them. */
  readonly search: Buffer | undefined;
  /** In UTF-8 (RFC 8970); empty when the message says nothing. */
  readonly preview: Buffer | undefined;
  /** See `mail/sort-keys.ts`. */
  readonly sort: Buffer | undefined;
  /** See `mail/message-links.ts`. */
  readonly links: Buffer | undefined;
}

export const DERIVED_PARTS = ['header', 'search', 'preview', 'sort', 'links'] as const;

export type WirePart = keyof WireParts;
export type DerivedPart = keyof DerivedParts;
/** `thread`: which one it is in, see `threads.ts`; decided at delivery, and not computed from the octets alone. */
export type FactPart = WirePart | DerivedPart | 'thread';

/** All of them, as they are stored. */
export interface ComputedFacts extends WireParts, DerivedParts {}

/** As loaded: a part that was not asked for, or that the email does not have, is undefined. */
export interface EmailFacts extends DerivedParts {
  readonly id: EmailId;
  /** Of the derived parts; undefined when none was asked for. */
  readonly version: number | undefined;
  readonly envelope: Buffer | undefined;
  readonly bodyStructure: Buffer | undefined;
  readonly parts: Buffer | undefined;
  /** The number of the email that began its thread. */
  readonly thread: number | undefined;
}

const WIRE_PARTS: ReadonlySet<FactPart> = new Set<FactPart>(['envelope', 'bodyStructure', 'parts']);

export function isWirePart(part: FactPart): part is WirePart {
  return WIRE_PARTS.has(part);
}

export function isDerivedPart(part: FactPart): part is DerivedPart {
  return !WIRE_PARTS.has(part) && part !== 'thread';
}

/** What the analyzer found, by the names under which it is stored. */
export function computedFacts(facts: MessageFacts): ComputedFacts {
  const { envelope, bodyStructure, parts, preview, links } = facts;
  return {
    envelope,
    bodyStructure,
    parts,
    header: facts.storedHeader,
    search: facts.searchText,
    preview,
    sort: facts.sortKeys,
    links,
  };
}
