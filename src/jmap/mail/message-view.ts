/**
 * The properties of an email that are derived from its message (RFC 8621 §4.1.2 to §4.1.4), of a stored one and of a blob alike. Only
 * what is asked for is read: header fields need no body, and a body no texts.
 */
import type { HeaderBlock } from '../../mail/header.ts';
import type { PartOffsets } from '../../mail/part.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { bodyLists } from './body-lists.ts';
import { type BodyPart, PartBudget, readBodyTree } from './body-tree.ts';
import { bodyValue, ValueBudget } from './body-values.ts';
import { decodedSize } from './decoded-size.ts';
import type { BodyArguments, MessageProperties } from './email-arguments.ts';
import { headerList, headerValue } from './header-values.ts';
import type { MessageOctets } from './message-octets.ts';

export interface ViewedMessage {
  readonly octets: MessageOctets;
  readonly parts: PartOffsets;
  /** The id of the part of this number, as a blob. */
  blobIdOf(path: readonly number[]): string;
}

/** Of header fields; `header` has those that are asked for. */
export function headerView(header: HeaderBlock, { headers, hasHeaderList }: MessageProperties): JsonObject {
  const out: Record<string, Json> = {};
  for (const property of headers) out[property.property] = headerValue(header, property);
  if (hasHeaderList) out.headers = headerList(header);
  return out;
}

/** Of all emails of one call. */
export class BodyViews {
  readonly #properties: MessageProperties['body'];
  readonly #args: BodyArguments;
  readonly #parts = new PartBudget();
  readonly #values = new ValueBudget();

  constructor({ body }: MessageProperties, args: BodyArguments) {
    this.#properties = body;
    this.#args = args;
  }

  async of(message: ViewedMessage): Promise<JsonObject> {
    if (this.#properties.size === 0) return {};
    const root = await readBodyTree(message.octets, message.parts, this.#parts);
    const sizes = await this.#sizes(message.octets, root);
    const { textBody, htmlBody, attachments } = bodyLists(root);
    const show = (part: BodyPart, isInTree: boolean): JsonObject =>
      this.#partObject(part, { message, sizes, isInTree });
    const all = { textBody, htmlBody, attachments };
    const out: Record<string, Json> = {};
    for (const name of this.#properties) {
      if (name === 'bodyStructure') out[name] = show(root, true);
      else if (name === 'bodyValues') out[name] = await this.#bodyValues(message.octets, root, all);
      else out[name] = all[name].map((part) => show(part, false));
    }
    return out;
  }

  async #sizes(octets: MessageOctets, root: BodyPart): Promise<ReadonlyMap<BodyPart, number>> {
    const sizes = new Map<BodyPart, number>();
    if (!this.#args.bodyProperties.names.includes('size')) return sizes;
    for (const part of leavesOf(root)) sizes.set(part, await decodedSize(octets, part.offsets));
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
      if (!part.type.startsWith('text/')) continue;
      const value = await bodyValue(octets, part, { mostBytes: maxBodyValueBytes, budget: this.#values });
      values[part.path.join('.')] = { ...value };
    }
    return values;
  }

  #partObject(part: BodyPart, shown: ShownPart): JsonObject {
    const { names, headers } = this.#args.bodyProperties;
    const out: Record<string, Json> = {};
    for (const name of names) out[name] = this.#property(part, name, shown);
    for (const property of headers) out[property.property] = headerValue(part.header, property);
    // A tree without its branches would be of no use to anybody.
    if (shown.isInTree && part.subParts !== undefined) out.subParts = this.#property(part, 'subParts', shown);
    return out;
  }

  #property(part: BodyPart, name: string, shown: ShownPart): Json {
    const isMultipart = part.subParts !== undefined;
    switch (name) {
      case 'partId':
        return isMultipart ? null : part.path.join('.');
      case 'blobId':
        return isMultipart ? null : shown.message.blobIdOf(part.path);
      case 'size':
        return isMultipart ? part.offsets.end - part.offsets.bodyStart : (shown.sizes.get(part) ?? 0);
      case 'headers':
        return headerList(part.header);
      case 'subParts':
        return part.subParts?.map((one) => this.#partObject(one, shown)) ?? null;
      default:
        return part[name as 'name'];
    }
  }
}

interface ShownPart {
  readonly message: ViewedMessage;
  readonly sizes: ReadonlyMap<BodyPart, number>;
  /** Parts of it are shown below it. */
  readonly isInTree: boolean;
}

function leavesOf(root: BodyPart): readonly BodyPart[] {
  if (root.subParts === undefined) return [root];
  return root.subParts.flatMap(leavesOf);
}
