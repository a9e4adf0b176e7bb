/**
 * Addresses under which the pictures of a mail are shown: those that came along are asked of this server, those of other servers too,
 * once the reader wants them, so that nobody else is told who looks.
 */
import type { BodyPart } from './full-email.ts';
import type { PictureSource } from './picture-source.ts';

export interface PictureUrls {
  /** In the order of the sources; undefined: not shown. */
  urlOf(sources: readonly PictureSource[]): Promise<readonly (string | undefined)[]>;
}

export interface PictureOptions {
  readonly email: string;
  /** Pictures of the mail by Content-ID. */
  readonly parts: readonly BodyPart[];
  readonly download: (part: BodyPart) => string;
  readonly wantsRemote: boolean;
  readonly fetch: typeof fetch;
}

/** As many at once as the server signs. */
const MOST = 500;

export function pictureUrls({ email, parts, download, wantsRemote, fetch }: PictureOptions): PictureUrls {
  return {
    async urlOf(sources) {
      const remote = sources.flatMap((one) => (one.kind === 'remote' ? [one.url] : []));
      const wanted = wantsRemote ? [...new Set(remote)].slice(0, MOST) : [];
      const signed = wanted.length === 0 ? new Map<string, string>() : await sign(email, wanted, fetch);
      return sources.map((source) => {
        if (source.kind === 'inline') return source.url;
        if (source.kind === 'remote') return signed.get(source.url);
        const part = parts.find(({ cid }) => cid === source.contentId);
        return part === undefined ? undefined : download(part);
      });
    },
  };
}

/** Without an answer none is shown, which is what a mail without its pictures looks like anyway. */
async function sign(email: string, urls: readonly string[], ask: typeof fetch): Promise<Map<string, string>> {
  try {
    const response = await ask('/web/pictures', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, credentials: 'same-origin' },
      body: JSON.stringify({ email, urls }),
    });
    if (!response.ok) return new Map();
    const { pictures } = (await response.json()) as { readonly pictures: readonly string[] };
    return new Map(urls.map((url, i) => [url, pictures[i] ?? '']));
  } catch {
    return new Map();
  }
}

/** Content-IDs of pictures that an HTML body shows; they are no files besides. */
export function shownIds(html: string): ReadonlySet<string> {
  const ids = [...html.matchAll(/\bcid:([^"'\s>)]{1,500})/gi)].map(([, id = '']) => {
    try {
      return decodeURIComponent(id);
    } catch {
      return id;
    }
  });
  return new Set(ids);
}

/** Whose pictures are shown without asking: a list that fits into one preference, the newest first. Addresses are kept as short marks. */
const MAX_LIST = 1900;

export function isAllowed(list: string, address: string): boolean {
  return list.split(' ').includes(markOf(address));
}

export function allow(list: string, address: string): string {
  const mark = markOf(address);
  const marks = [mark, ...list.split(' ').filter((one) => one !== '' && one !== mark)];
  return marks
    .join(' ')
    .slice(0, MAX_LIST)
    .replace(/ [^ ]*$/, (end) => (end.length === mark.length + 1 ? end : ''));
}

/** 53 bits of the address (cyrb53): short enough for a list of two hundred, too many to meet another by chance. */
function markOf(address: string): string {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (const letter of address.trim().toLowerCase()) {
    const code = letter.codePointAt(0) ?? 0;
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36).padStart(11, '0');
}
