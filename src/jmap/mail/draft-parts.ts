/**
 * The body of an Email that a client creates (RFC 8621 §4.6): a structure that it gives, or texts and attachments of which the server
 * makes one. Contents are texts among `bodyValues`, or blobs.
 */

import { addrSpec } from '../../mail/compose/addresses.ts';
import type { DraftBlob, DraftContent, DraftPart } from '../../mail/compose/draft.ts';
import { MAX_PARAMETER_BYTES } from '../../mail/compose/parameters.ts';
import { structureOf } from '../../mail/compose/structure.ts';
import { parseParameterized } from '../../mail/parameter.ts';
import { isList, isObject, type Json, type JsonObject } from '../core/json.ts';
import { draftFields, type Faults, type GivenField } from './draft-fields.ts';
import type { CONVENIENCE } from './header-property.ts';

/** Deeper and more than any client makes. */
const MAX_DEPTH = 20;
const MAX_PARTS = 1000;
const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;
const TOKEN = /^[A-Za-z0-9!#$&^_.+-]{1,80}$/;
const CONTROL = /[\0-\x1f\x7f\u2028\u2029]/u;
const KNOWN = new Set(
  'partId blobId size name type charset disposition cid language location subParts'.split(' '),
);
const NOTHING: typeof CONVENIENCE = new Map();

export interface ReadBody {
  /** Blobs of it are looked up by `blobs`. */
  readonly body: DraftPart;
  /** Header fields that the outermost part says; they are the message's. */
  readonly fields: readonly GivenField[];
  readonly blobIds: ReadonlySet<string>;
}

/** `blobs`: what is found by then; of others the content is empty. */
export function readBody(email: JsonObject, faults: Faults, blobs: ReadonlyMap<string, DraftBlob>): ReadBody {
  return new BodyReader(email, faults, blobs).read();
}

class BodyReader {
  readonly #email: JsonObject;
  readonly #faults: Faults;
  readonly #blobs: ReadonlyMap<string, DraftBlob>;
  readonly #texts: ReadonlyMap<string, string>;
  readonly #blobIds = new Set<string>();
  #parts = 0;

  constructor(email: JsonObject, faults: Faults, blobs: ReadonlyMap<string, DraftBlob>) {
    this.#email = email;
    this.#faults = faults;
    this.#blobs = blobs;
    this.#texts = textsIn(email.bodyValues ?? null, faults);
  }

  read(): ReadBody {
    const { bodyStructure, textBody, htmlBody, attachments } = this.#email;
    const others = Object.entries({ textBody, htmlBody, attachments }).filter(([, one]) => one != null);
    if (bodyStructure == null) {
      const body = structureOf({
        text: this.#only('textBody', 'text/plain'),
        html: this.#only('htmlBody', 'text/html'),
        attachments: this.#list('attachments').map((one, i) =>
          this.#part(one, `attachments/${i}`, 'attachment', 1),
        ),
      });
      return { body, fields: [], blobIds: this.#blobIds };
    }
    for (const [name] of others) this.#fault(name, 'is not given beside bodyStructure');
    const { fields, ...body } = this.#part(bodyStructure, 'bodyStructure', 'structure', 1);
    const isAboutContent = ({ name }: { readonly name: string }): boolean => /^content-/i.test(name);
    return {
      body: { ...body, fields: fields.filter(isAboutContent) },
      fields: (fields as readonly GivenField[]).filter((one) => !isAboutContent(one)),
      blobIds: this.#blobIds,
    };
  }

  #only(property: 'textBody' | 'htmlBody', type: string): DraftPart | undefined {
    if (this.#email[property] == null) return undefined;
    const all = this.#list(property);
    if (all.length !== 1) {
      this.#fault(property, 'has one part');
      return undefined;
    }
    const part = this.#part(all[0] as Json, `${property}/0`, type, 1);
    if (part.type !== type) this.#fault(property, `is ${type}`);
    return part;
  }

  #list(property: string): readonly Json[] {
    const value = this.#email[property] ?? [];
    if (isList(value)) return value;
    this.#fault(property, 'expected a list of parts');
    return [];
  }

  /** `usual`: its type when it says none, or what the part is for. */
  #part(value: Json, path: string, usual: string, depth: number): DraftPart {
    const isTold = this.#parts > MAX_PARTS;
    if (isTold || !isObject(value) || ++this.#parts > MAX_PARTS || depth > MAX_DEPTH) {
      const why = isObject(value)
        ? `there can be ${MAX_PARTS} parts in ${MAX_DEPTH} levels`
        : 'expected a part';
      if (!isTold) this.#fault(path, why);
      return structureOf({ text: undefined, html: undefined, attachments: [] });
    }
    for (const name of Object.keys(value))
      if (!KNOWN.has(name) && !name.startsWith('header:')) this.#fault(`${path}/${name}`, 'is not known');
    const fields = draftFields(value, this.#faults, {
      prefix: `${path}/`,
      convenience: NOTHING,
      taken: saidBy(value),
    });
    const contentType = this.#contentType(fields, path);
    const type = this.#type(value, contentType, path, usual);
    const content = this.#content(value, type, path, depth);
    const named = this.#named(value, path, usual);
    const kept = fields.filter(({ name }) => name.toLowerCase() !== 'content-type');
    const charset = this.#charset(value, path);
    return {
      ...{ type, fields: kept, content, ...named },
      ...(contentType === undefined ? {} : { contentType }),
      ...(charset === undefined ? {} : { charset }),
    };
  }

  #contentType(fields: readonly GivenField[], path: string): string | undefined {
    for (const { name, property } of fields)
      if (name.toLowerCase() === 'content-transfer-encoding')
        this.#fault(`${path}/${property}`, 'is for the server to choose');
    const field = fields.find(({ name }) => name.toLowerCase() === 'content-type');
    if (field === undefined) return undefined;
    const text = field.value.form === 'raw' ? field.value.text.replace(/\r?\n(?=[ \t])/g, '').trim() : '';
    const { value, parameters } = parseParameterized(text);
    const isGiven = parameters.some(({ name }) => /^(?:boundary|charset)\b/i.test(name));
    if (TYPE.test(value.toLowerCase()) && !isGiven && /^[\x20-\x7e]*$/.test(text)) return text;
    this.#fault(`${path}/${field.property}`, 'is no type, or says what is for the server to choose');
    return undefined;
  }

  #type(value: JsonObject, contentType: string | undefined, path: string, usual: string): string {
    const said = contentType === undefined ? value.type : parseParameterized(contentType).value;
    if (said == null) {
      if (usual.includes('/')) return usual;
      if (value.subParts != null) return 'multipart/mixed';
      return value.partId != null ? 'text/plain' : 'application/octet-stream';
    }
    const type = typeof said === 'string' ? said.toLowerCase() : '';
    if (!TYPE.test(type)) this.#fault(`${path}/type`, 'expected a media type');
    return type;
  }

  #content(value: JsonObject, type: string, path: string, depth: number): DraftContent {
    const { partId = null, blobId = null, subParts = null } = value;
    const given = [partId, blobId, subParts].filter((one) => one !== null).length;
    const isMultipart = type.startsWith('multipart/');
    if (given !== 1 || isMultipart !== (subParts !== null)) {
      const why = isMultipart
        ? 'a multipart has subParts, and nothing else'
        : 'has a partId or a blobId, and not both';
      this.#fault(partId !== null && blobId !== null ? `${path}/partId` : path, why);
      return { kind: 'text', text: '' };
    }
    if (subParts !== null) {
      if (!isList(subParts) || subParts.length === 0)
        this.#fault(`${path}/subParts`, 'expected a list of parts');
      const parts = isList(subParts) ? subParts : [];
      return {
        kind: 'parts',
        parts: parts.map((one, i) => this.#part(one, `${path}/subParts/${i}`, 'structure', depth + 1)),
      };
    }
    return blobId !== null ? this.#blob(blobId, path) : this.#text(value, type, path);
  }

  #blob(blobId: Json, path: string): DraftContent {
    const blob = typeof blobId === 'string' ? this.#blobs.get(blobId) : undefined;
    if (typeof blobId === 'string') this.#blobIds.add(blobId);
    else this.#fault(`${path}/blobId`, 'expected an id');
    return blob === undefined ? { kind: 'text', text: '' } : { kind: 'blob', blob };
  }

  #text({ partId, charset, size }: JsonObject, type: string, path: string): DraftContent {
    const text = typeof partId === 'string' ? this.#texts.get(partId) : undefined;
    if (text === undefined) this.#fault(`${path}/partId`, 'is not among bodyValues');
    if (!type.startsWith('text/')) this.#fault(`${path}/type`, 'what is among bodyValues is text');
    if (charset != null) this.#fault(`${path}/charset`, 'is for the server to choose');
    if (size != null) this.#fault(`${path}/size`, 'is for the server to find');
    return { kind: 'text', text: text ?? '' };
  }

  #charset({ blobId, charset = null }: JsonObject, path: string): string | undefined {
    if (charset === null || blobId == null) return undefined;
    if (typeof charset === 'string' && TOKEN.test(charset)) return charset;
    this.#fault(`${path}/charset`, 'expected the name of a charset');
    return undefined;
  }

  #named(value: JsonObject, path: string, usual: string) {
    const { name = null, disposition = null, cid = null, language = null, location = null } = value;
    const text = (property: string, one: Json, isFit: (text: string) => boolean): string | undefined => {
      if (one === null) return undefined;
      if (typeof one === 'string' && isFit(one)) return one;
      this.#fault(`${path}/${property}`, 'cannot be written');
      return undefined;
    };
    const isShort = (one: string): boolean =>
      !CONTROL.test(one) && Buffer.byteLength(one) <= MAX_PARAMETER_BYTES;
    const languages = isList(language)
      ? language.map((one) => text('language', one, (tag) => TOKEN.test(tag)))
      : [];
    if (language !== null && !isList(language)) this.#fault(`${path}/language`, 'expected a list');
    const how = text('disposition', disposition, (one) => TOKEN.test(one))?.toLowerCase();
    const all = {
      name: text('name', name, isShort),
      disposition: how ?? (usual === 'attachment' ? 'attachment' : undefined),
      cid: text('cid', cid, (one) => isShort(one) && /^[!-;=?-~]+$/.test(one) && addrSpec(one) !== undefined),
      location: text('location', location, (one) => /^[!-~]{1,900}$/.test(one)),
      language: languages.length === 0 ? undefined : languages.filter((one) => one !== undefined),
    };
    return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined));
  }

  #fault(property: string, why: string): void {
    this.#faults.set(property, why);
  }
}

/** The fields that properties with names of their own say. */
function saidBy(part: JsonObject): Map<string, string> {
  const said = new Map<string, string>();
  const by: readonly (readonly [string, string])[] = [
    ...([
      ['type', 'content-type'],
      ['charset', 'content-type'],
      ['disposition', 'content-disposition'],
    ] as const),
    ...([
      ['name', 'content-disposition'],
      ['cid', 'content-id'],
      ['language', 'content-language'],
    ] as const),
    ['location', 'content-location'],
  ];
  for (const [property, name] of by) if (part[property] != null) said.set(name, property);
  return said;
}

function textsIn(value: Json, faults: Faults): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (value === null) return texts;
  if (!isObject(value)) faults.set('bodyValues', 'expected an object');
  else
    for (const [partId, one] of Object.entries(value)) {
      if (!isObject(one) || typeof one.value !== 'string') {
        faults.set(`bodyValues/${partId}`, 'expected an object with a value');
        continue;
      }
      const { value: text, isEncodingProblem = false, isTruncated = false, ...more } = one;
      if (isEncodingProblem !== false)
        faults.set(`bodyValues/${partId}/isEncodingProblem`, 'is false or absent');
      if (isTruncated !== false) faults.set(`bodyValues/${partId}/isTruncated`, 'is false or absent');
      if (Object.keys(more).length > 0) faults.set(`bodyValues/${partId}`, 'has a value alone');
      texts.set(partId, text);
    }
  return texts;
}
