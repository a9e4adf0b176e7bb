/**
 * XML as aggregate reports have it: elements and text. Read in steps, since a stranger has written it and it may be megabytes; what no report
 * has (a document type, entities of its own, nesting without end) ends it.
 */
export class BadXml extends Error {
  override readonly name = 'BadXml';
}

/** `open` and `close` have the name without its prefix; `text` is what stands directly in the innermost element. */
export type XmlEvent =
  | { readonly kind: 'open' | 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string };

const MAX_DEPTH = 20;
const MAX_NAME = 100;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Throws `BadXml`. Linear: each octet is looked at a fixed number of times. */
export function* xmlEvents(xml: string): Generator<XmlEvent> {
  const open: string[] = [];
  for (let at = 0; at < xml.length; ) {
    const lt = xml.indexOf('<', at);
    const end = lt < 0 ? xml.length : lt;
    if (end > at && open.length > 0) yield { kind: 'text', text: decoded(xml.slice(at, end)) };
    if (lt < 0) break;
    if (xml.startsWith('<!--', lt)) at = behind(xml, '-->', lt + 4);
    else if (xml.startsWith('<?', lt)) at = behind(xml, '?>', lt + 2);
    else if (xml.startsWith('<!', lt)) throw new BadXml('it has more than elements');
    else {
      const gt = behind(xml, '>', lt + 1);
      yield* tag(xml.slice(lt + 1, gt - 1), open);
      at = gt;
    }
  }
  if (open.length > 0) throw new BadXml('it ends inside of an element');
}

function* tag(inside: string, open: string[]): Generator<XmlEvent> {
  const isClosing = inside.startsWith('/');
  const [written = ''] = /^[^\s/>]{1,200}/.exec(inside.slice(isClosing ? 1 : 0)) ?? [];
  const name = written.slice(written.indexOf(':') + 1);
  if (name === '' || name.length > MAX_NAME) throw new BadXml('an element has no name');
  if (isClosing) {
    if (open.pop() !== written) throw new BadXml(`an element ends that was not begun: ${name}`);
    yield { kind: 'close', name };
    return;
  }
  yield { kind: 'open', name };
  if (inside.endsWith('/')) {
    yield { kind: 'close', name };
    return;
  }
  if (open.push(written) > MAX_DEPTH) throw new BadXml('it is nested too deep');
}

function behind(xml: string, end: string, from: number): number {
  const at = xml.indexOf(end, from);
  if (at < 0) throw new BadXml('it is not whole');
  return at + end.length;
}

function decoded(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,10}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
  });
}
