/**
 * What a link in a mail leads to, and what should make one look twice: a text that names another place than the link leads to, a
 * name in front of the host that could be taken for it, letters that look like others. A link with doubts leads to a page that shows the target first.
 */

export type LinkDoubt = 'other-host' | 'user-part' | 'lookalike' | 'address-in-digits';

export interface JudgedLink {
  /** As it is followed: complete, normalised. */
  readonly target: string;
  /** The name one would arrive at, in the letters people read; of a mailto or tel what stands behind it. */
  readonly host: string;
  readonly doubts: readonly LinkDoubt[];
}

const MAX_LINK = 16_384;
/** Something that a reader takes for an address of the web: a scheme, or a name with a known kind of ending in front of a border. */
const NAMED_PLACE =
  /(?:^|[\s(<"'])(?:https?:\/\/)?((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.)+\p{L}{2,24})(?=$|[\s/:?#)>"',.])/iu;
const FILE_NAME = /\.(?:pdf|docx?|xlsx?|pptx?|txt|html?|zip|png|jpe?g|gif|csv|md|js|ts|py|sh|mp[34])$/i;

/** Undefined: it leads nowhere we would lead anybody. `shown` is the text of the link. */
export function judgeLink(href: string, shown: string): JudgedLink | undefined {
  const text = href.trim();
  if (text.length > MAX_LINK) return undefined;
  const url = URL.parse(text);
  if (url === null) return undefined;
  if (url.protocol === 'mailto:' || url.protocol === 'tel:')
    return { target: url.href, host: url.pathname, doubts: [] };
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  return { target: url.href, host: url.host, doubts: webDoubts(url, shown) };
}

function webDoubts(url: URL, shown: string): LinkDoubt[] {
  const doubts: LinkDoubt[] = [];
  if (url.username !== '' || url.password !== '') doubts.push('user-part');
  if (url.hostname.split('.').some((label) => label.startsWith('xn--'))) doubts.push('lookalike');
  if (/^\[|^\d+\.\d+\.\d+\.\d+$/.test(url.hostname)) doubts.push('address-in-digits');
  const named = placeNamedIn(shown);
  if (named !== undefined && !isSamePlace(named, url.hostname)) doubts.push('other-host');
  return doubts;
}

/** The first place that a text names; undefined for words, and for addresses of mail, which name a person. */
function placeNamedIn(shown: string): string | undefined {
  const text = shown.trim().slice(0, 500);
  if (text.includes('@')) return undefined;
  const name = NAMED_PLACE.exec(text)?.[1];
  if (name === undefined || (FILE_NAME.test(name) && !/^https?:/i.test(text))) return undefined;
  return URL.parse(`https://${name}`)?.hostname;
}

/** One is the other, or a part of it: `www.example.org` and `example.org`; never only a common end such as `co.uk`. */
function isSamePlace(named: string, host: string): boolean {
  const [a, b] = [bare(named), bare(host)];
  return a === b || b.endsWith(`.${a}`) || a.endsWith(`.${b}`);
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^www\d?\./, '');
}
