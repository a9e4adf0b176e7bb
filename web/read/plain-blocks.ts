/**
 * Plain text as what is drawn: paragraphs with links, quotations in each other, a signature. Values only; whoever draws makes text
 * nodes and anchors of them, and no HTML is ever made from text.
 */
import { LinkifyIt } from 'linkify-it';
import { type JudgedLink, judgeLink } from './link-doubts.ts';
import { type PlainLine, plainLines, type TextFormat } from './plain-lines.ts';

export type Piece = { readonly text: string; readonly link?: JudgedLink };

export type Block =
  | { readonly kind: 'text'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'signature'; readonly pieces: readonly Piece[] }
  | {
      readonly kind: 'quote';
      readonly blocks: readonly Block[];
      readonly lines: number;
      /** Nothing is said after it, so it is shown when it is wanted. */
      readonly isFolded: boolean;
    };

/** Deeper ones look like this one. */
const MAX_DEPTH = 12;
/** What is longer is no text that somebody wrote, and is shown without links. */
const MAX_LINKED_LINE = 20_000;
const MAX_LINKED_TEXT = 300_000;

export function plainBlocks(text: string, format?: TextFormat): Block[] {
  const lines = plainLines(text, format);
  const links = text.length > MAX_LINKED_TEXT ? undefined : linkFinder();
  const cut = signatureAt(lines);
  const body = blocksOf(lines.slice(0, cut), { depth: 0, links, isLast: true });
  if (cut === lines.length) return body;
  const signature = lines.slice(cut).map((line) => line.text);
  return [...body, { kind: 'signature', pieces: piecesOf(signature.join('\n'), links) }];
}

type Links = LinkifyIt | undefined;

function linkFinder(): LinkifyIt {
  return new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: false });
}

/** From the line `-- ` on, when it is near the end; else it is a line like others. */
function signatureAt(lines: readonly PlainLine[]): number {
  const at = lines.findLastIndex(({ depth, text }) => depth === 0 && /^-- ?$/.test(text));
  const isNearEnd = at >= 0 && lines.length - at <= 30 && lines.slice(at).every(({ depth }) => depth === 0);
  return isNearEnd ? at : lines.length;
}

interface At {
  readonly depth: number;
  readonly links: Links;
  /** Nothing follows these lines. */
  readonly isLast: boolean;
}

function blocksOf(lines: readonly PlainLine[], { depth, links, isLast }: At): Block[] {
  const blocks: Block[] = [];
  let from = 0;
  while (from < lines.length) {
    const isQuoted = (lines[from]?.depth ?? 0) > depth && depth < MAX_DEPTH;
    let to = from + 1;
    while (to < lines.length && ((lines[to]?.depth ?? 0) > depth && depth < MAX_DEPTH) === isQuoted) to++;
    const run = lines.slice(from, to);
    const isEnd = isLast && lines.slice(to).every(({ text }) => text.trim() === '');
    if (isQuoted) {
      const inner = blocksOf(run, { depth: depth + 1, links, isLast: false });
      blocks.push({ kind: 'quote', blocks: inner, lines: run.length, isFolded: depth === 0 && isEnd });
    } else {
      const text = trimmed(run.map((line) => line.text).join('\n'));
      if (text !== '') blocks.push({ kind: 'text', pieces: piecesOf(text, links) });
    }
    from = to;
  }
  return blocks;
}

/** Without empty lines around it; spaces in front of its first word stay. */
function trimmed(text: string): string {
  return text.replace(/^(?:[ \t]*\n)+/, '').trimEnd();
}

function piecesOf(text: string, links: Links): Piece[] {
  if (links === undefined) return [{ text }];
  const pieces: Piece[] = [];
  for (const line of text.split(/(?<=\n)/)) pieces.push(...linePieces(line, links));
  return joined(pieces);
}

function linePieces(line: string, links: LinkifyIt): Piece[] {
  const matches = line.length > MAX_LINKED_LINE ? null : links.match(line);
  const pieces: Piece[] = [];
  let from = 0;
  for (const { index, lastIndex, url } of matches ?? []) {
    const text = line.slice(index, lastIndex);
    const link = judgeLink(url, text);
    if (link === undefined) continue;
    if (index > from) pieces.push({ text: line.slice(from, index) });
    pieces.push({ text, link });
    from = lastIndex;
  }
  if (from < line.length) pieces.push({ text: line.slice(from) });
  return pieces;
}

/** Neighbours without a link are one text. */
function joined(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (last !== undefined && last.link === undefined && piece.link === undefined)
      out[out.length - 1] = { text: last.text + piece.text };
    else out.push(piece);
  }
  return out;
}
