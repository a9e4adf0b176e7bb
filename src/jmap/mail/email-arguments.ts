/** What Email/get and Email/parse are asked for (RFC 8621 §4.2, §4.9): properties of emails and of the parts of their bodies. */
import {
  boolean,
  list,
  optional,
  type Reader,
  ReadFault,
  text,
  unsigned,
  withDefault,
} from '../core/arguments.ts';
import { CONVENIENCE, type HeaderProperty, headerPropertyOf } from './header-property.ts';

export const METADATA = ['id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt'] as const;
/** Of the message itself, besides header fields. */
const OF_BODY = ['bodyStructure', 'textBody', 'htmlBody', 'attachments', 'bodyValues'] as const;

export const EMAIL_PROPERTIES: readonly string[] = [
  ...METADATA,
  ...CONVENIENCE.keys(),
  ...['headers', 'hasAttachment', 'preview'],
  ...OF_BODY,
];

/** RFC 8621 §4.9; Email/get has the metadata before them (§4.2). */
export const MESSAGE_DEFAULTS: readonly string[] = [
  ...CONVENIENCE.keys(),
  ...['hasAttachment', 'preview', 'bodyValues', 'textBody', 'htmlBody', 'attachments'],
];

const PART_PROPERTIES = [
  ...['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid', 'language', 'location'],
  ...['headers', 'subParts'],
] as const;
const PART_DEFAULTS: readonly string[] = PART_PROPERTIES.slice(0, 10);

/** More properties than there are names for. */
const MOST_PROPERTIES = 1000;

/** Of parts: those with a name of their own, and header fields. */
export interface PartProperties {
  readonly names: readonly string[];
  readonly headers: readonly HeaderProperty[];
}

const partProperties: Reader<PartProperties> = (value) => {
  const asked = [...new Set(list(text)(value))];
  if (asked.length > MOST_PROPERTIES) throw new ReadFault('too many properties');
  return {
    names: asked.filter((name) => PART_PROPERTIES.some((known) => known === name)),
    headers: asked
      .filter((name) => !PART_PROPERTIES.some((known) => known === name))
      .map((name) => {
        const property = headerPropertyOf(name);
        if (typeof property !== 'object') throw new ReadFault(`no property of a part: ${name.slice(0, 200)}`);
        return property;
      }),
  };
};

export const BODY_ARGUMENTS = {
  bodyProperties: withDefault(partProperties, { names: PART_DEFAULTS, headers: [] }),
  fetchTextBodyValues: withDefault(boolean, false),
  fetchHTMLBodyValues: withDefault(boolean, false),
  fetchAllBodyValues: withDefault(boolean, false),
  maxBodyValueBytes: withDefault(unsigned, 0),
};
export type BodyArguments = {
  readonly [K in keyof typeof BODY_ARGUMENTS]: ReturnType<(typeof BODY_ARGUMENTS)[K]>;
};

/** Whether it is the property of a header field, in a form that the field may have. */
export function isHeaderProperty(name: string): boolean {
  return typeof headerPropertyOf(name) === 'object';
}

/** The properties of an email that are read from its message. */
export interface MessageProperties {
  readonly headers: readonly HeaderProperty[];
  readonly hasHeaderList: boolean;
  readonly body: ReadonlySet<(typeof OF_BODY)[number]>;
}

export function messageProperties(properties: ReadonlySet<string>): MessageProperties {
  const headers: HeaderProperty[] = [];
  for (const name of properties) {
    const property = CONVENIENCE.get(name) ?? headerPropertyOf(name);
    if (typeof property === 'object') headers.push(property);
  }
  return {
    headers,
    hasHeaderList: properties.has('headers'),
    body: new Set(OF_BODY.filter((name) => properties.has(name))),
  };
}

export const PROPERTY_LIST = optional(list(text));
