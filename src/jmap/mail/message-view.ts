/**
 * The properties of an email that are derived from its message (RFC 8621 §4.1.2 to §4.1.4), of a stored one and of a blob alike. Only
 * what is asked for is read: header fields need no body, and a body no texts.
 */
import type { HeaderBlock } from '../../mail/header.ts';
import type { PartOffsets } from '../../mail/part.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { bodyLists } from './body-lists.ts';
import { type BodyPart, readBodyTree } from './body-tree.ts';
import { bodyValue, ValueBudget } from './body-values.ts';
import { decodedSize } from './decoded-size.ts';
import type { BodyArguments, MessageProperties } from './email-arguments.ts';
import { headerList, putHeaderValues } from './header-values.ts';
import type { MessageOctets } from './message-octets.ts';
import { ViewBudget } from './view-budget.ts';

export interface ViewedMessage {
  readonly octets: MessageOctets;
  readonly parts: PartOffsets;
  /** The id of the part of this number, as a blob. */
  blobIdOf(path: readonly number[]): string;
}

/** Of all emails of one call. All of it throws `requestTooLarge` where too much is asked of too many parts and fields. */
export class MessageViews {
  readonly #message: MessageProperties;
  readonly #args: BodyArguments;
  readonly #budget = new ViewBudget();
  readonly #values = new ValueBudget();

  constructor(message: MessageProperties, args: BodyArguments) {
    this.#message = message;
    this.#args = args;
  }

  /** Of header fields; `header` has those that are asked for. */
  async header(header: HeaderBlock): Promise<JsonObject> {
    const { headers, hasHeaderList } = this.#message;
    const out: Record<string, Json> = {};
    await putHeaderValues(out, header, { properties: headers, budget: this.#budget });
    if (hasHeaderList) out.headers = await headerList(header, this.#budget);
    return out;
  }

  async body(message: ViewedMessage): Promise<JsonObject> {
    const { body: properties } = this.#message;
    if (properties.size === 0) return {};
    const root = await readBodyTree(message.octets, message.parts, this.#budget);
    const sizes = await this.#sizes(message.octets, root);
    const { textBody, htmlBody, attachments } = bodyLists(root);
    const all = { textBody, htmlBody, attachments };
    const out: Record<string, Json> = {};
    for (const name of properties) {
      if (name === 'bodyStructure')
        out[name] = await this.#partObject(root, { message, sizes, isInTree: true });
      else if (name === 'bodyValues') out[name] = await this.#bodyValues(message.octets, root, all);
      else out[name] = await this.#partObjects(all[name], { message, sizes, isInTree: false });
    }
    return out;
  }

  async #sizes(octets: MessageOctets, root: BodyPart): Promise<ReadonlyMap<BodyPart, number>> {
    const sizes = new Map<BodyPart, number>();
    if (!this.#args.bodyProperties.names.includes('size')) return sizes;
    for (const part of leavesOf(root)) {
      sizes.set(part, await decodedSize(octets, part.offsets));
      const spent = this.#budget.values(1);
      if (spent !== undefined) await spent;
    }
    return sizes;
  }

  /** RFC 8621 §4.2: those of the lists that are asked for. */
  async #bodyValues(
    octets: MessageOctets,
    root: BodyPart,
    {
      textBody,
      htmlBody,
    }: { readonly textBody: readonly BodyPart[]; readonly htmlBody: readonly BodyPart[] },
  ): Promise<JsonObject> {
    const { fetchTextBodyValues, fetchHTMLBodyValues, fetchAllBodyValues, maxBodyValueBytes } = this.#args;
    const wanted = new Set([
      ...(fetchTextBodyValues ? textBody : []),
      ...(fetchHTMLBodyValues ? htmlBody : []),
      ...(fetchAllBodyValues ? leavesOf(root) : []),
    ]);
    const values: Record<string, Json> = {};
    for (const part of wanted) {
      const spent = this.#budget.values(1);
      if (spent !== undefined) await spent;
      if (!part.type.startsWith('text/')) continue;
      const value = await bodyValue(octets, part, { mostBytes: maxBodyValueBytes, budget: this.#values });
      values[part.path.join('.')] = { ...value };
    }
    return values;
  }

  async #partObjects(parts: readonly BodyPart[], shown: ShownPart): Promise<JsonObject[]> {
    const objects: JsonObject[] = [];
    for (const part of parts) objects.push(await this.#partObject(part, shown));
    return objects;
  }

  async #partObject(part: BodyPart, shown: ShownPart): Promise<JsonObject> {
    const { names, headers } = this.#args.bodyProperties;
    const spent = this.#budget.values(1 + names.length);
    if (spent !== undefined) await spent;
    const out: Record<string, Json> = {};
    const parts = new Set<string>(names);
    // A tree without its branches would be of no use to anybody.
    if (shown.isInTree && part.subParts !== undefined) parts.add('subParts');
    for (const name of parts) {
      if (name === 'headers') out[name] = await headerList(part.header, this.#budget);
      else if (name === 'subParts')
        out[name] = part.subParts === undefined ? null : await this.#partObjects(part.subParts, shown);
      else out[name] = property(part, name, shown);
    }
    await putHeaderValues(out, part.header, { properties: headers, budget: this.#budget });
    return out;
  }
}

function property(part: BodyPart, name: string, { message, sizes }: ShownPart): Json {
  const isMultipart = part.subParts !== undefined;
  switch (name) {
    case 'partId':
      return isMultipart ? null : part.path.join('.');
    case 'blobId':
      return isMultipart ? null : message.blobIdOf(part.path);
    case 'size':
      return isMultipart ? part.offsets.end - part.offsets.bodyStart : (sizes.get(part) ?? 0);
    default:
      return part[name as 'name'];
  }
}

interface ShownPart {
  readonly message: ViewedMessage;
  readonly sizes: ReadonlyMap<BodyPart, number>;
  /** Parts of it are shown below it. */
  readonly isInTree: boolean;
}

/** In their order. */
function leavesOf(root: BodyPart): readonly BodyPart[] {
  const leaves: BodyPart[] = [];
  const visit = (part: BodyPart): void => {
    if (part.subParts === undefined) leaves.push(part);
    else for (const one of part.subParts) visit(one);
  };
  visit(root);
  return leaves;
}
