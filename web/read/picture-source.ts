/** Where a picture in a mail is, told from its address alone: with the mail, in the address itself, or at somebody's server. */

export type PictureSource =
  | { readonly kind: 'part'; readonly contentId: string }
  | { readonly kind: 'inline'; readonly url: string }
  | { readonly kind: 'remote'; readonly url: string };

/** Of a `data:` address; a larger picture belongs into an attachment. */
const MAX_INLINE = 1024 * 1024;
const MAX_URL = 8192;
/** Raster pictures only: an SVG is a document. */
const RASTER = /^data:image\/(?:png|jpe?g|gif|webp|avif|bmp);base64,[a-z0-9+/=\s]*$/i;

/** Undefined: nothing that is shown. Relative addresses lead nowhere in a mail. */
export function pictureSource(address: string): PictureSource | undefined {
  const text = address.trim();
  if (/^cid:/i.test(text)) {
    const contentId = decoded(text.slice(4)).replace(/^<|>$/g, '');
    return contentId === '' ? undefined : { kind: 'part', contentId };
  }
  if (/^data:/i.test(text))
    return text.length <= MAX_INLINE * 1.4 && RASTER.test(text) ? { kind: 'inline', url: text } : undefined;
  if (text.length > MAX_URL) return undefined;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  return { kind: 'remote', url: url.href };
}

/** RFC 2392 §2: the id with its odd characters percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
