/**
 * What SearchSnippet/get answers (RFC 8621 §5): HTML in which only `<mark>` is a tag and five characters are written as entities.
 * It becomes a list of texts, marked or not, and never HTML again.
 */
export interface Part {
  readonly text: string;
  readonly isMarked: boolean;
}

export interface Snippet {
  readonly subject?: readonly Part[];
  readonly preview?: readonly Part[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
  nbsp: ' ',
};

const BEFORE = 24;

/** Begins shortly before the first hit, so that a narrow line shows it. */
export function fromHit(parts: readonly Part[]): readonly Part[] {
  const [first, ...rest] = parts;
  if (first === undefined || first.isMarked || rest.length === 0 || first.text.length <= BEFORE) return parts;
  const tail = first.text.slice(-BEFORE);
  const text = `…${tail.slice(tail.trimEnd().indexOf(' ') + 1)}`;
  return [{ text, isMarked: false }, ...rest];
}

export function partsOf(html: string): readonly Part[] {
  const parts: Part[] = [];
  for (const [at, piece] of html.split(/<\/?mark>/).entries()) {
    const text = piece.replace(
      /&(amp|lt|gt|quot|nbsp|#39|#x27);/g,
      (_, name: string) => ENTITIES[name] ?? '',
    );
    if (text !== '') parts.push({ text, isMarked: at % 2 === 1 });
  }
  return parts;
}
