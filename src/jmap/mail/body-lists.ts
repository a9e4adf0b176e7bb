/**
 * The parts of a message that are shown one after the other, as text and as HTML, and those that are attached: by the algorithm of
 * RFC 8621 §4.1.4.
 */
export interface ListedPart<P> {
  readonly type: string;
  readonly disposition: string | null;
  readonly name: string | null;
  readonly subParts: readonly P[] | undefined;
}

export interface BodyLists<P> {
  readonly textBody: readonly P[];
  readonly htmlBody: readonly P[];
  readonly attachments: readonly P[];
}

export function bodyLists<P extends ListedPart<P>>(root: P): BodyLists<P> {
  const lists = { textBody: [] as P[], htmlBody: [] as P[], attachments: [] as P[] };
  walk([root], 'mixed', false, { ...lists });
  const { textBody, htmlBody, attachments } = lists;
  // A picture that was of one form alone may have become one of both.
  const shownInBoth = new Set(textBody).intersection(new Set(htmlBody));
  return { textBody, htmlBody, attachments: attachments.filter((part) => !shownInBoth.has(part)) };
}

/** A list that is not there any more gets nothing: what follows is of the other form alone. */
interface Open<P> {
  textBody: P[] | undefined;
  htmlBody: P[] | undefined;
  readonly attachments: P[];
}

function walk<P extends ListedPart<P>>(
  parts: readonly P[],
  multipart: string,
  isInAlternative: boolean,
  open: Open<P>,
): void {
  const textLength = open.textBody?.length ?? -1;
  const htmlLength = open.htmlBody?.length ?? -1;
  for (const [i, part] of parts.entries()) {
    if (part.subParts !== undefined) {
      const inner = part.type.slice(part.type.indexOf('/') + 1);
      // What is found out about one multipart does not hold behind it.
      walk(part.subParts, inner, isInAlternative || inner === 'alternative', { ...open });
    } else if (!isInline(part, i, multipart)) open.attachments.push(part);
    else if (multipart === 'alternative') listOfForm(part, open).push(part);
    else addInline(part, isInAlternative, open);
  }
  const { textBody, htmlBody } = open;
  if (multipart !== 'alternative' || textBody === undefined || htmlBody === undefined) return;
  // Only one form was there: it is the other one as well.
  const hasText = textBody.length > textLength;
  const hasHtml = htmlBody.length > htmlLength;
  if (hasHtml && !hasText) textBody.push(...htmlBody.slice(htmlLength));
  if (hasText && !hasHtml) htmlBody.push(...textBody.slice(textLength));
}

function addInline<P extends ListedPart<P>>(part: P, isInAlternative: boolean, open: Open<P>): void {
  if (isInAlternative && part.type === 'text/plain') open.htmlBody = undefined;
  if (isInAlternative && part.type === 'text/html') open.textBody = undefined;
  open.textBody?.push(part);
  open.htmlBody?.push(part);
  const isInBoth = open.textBody !== undefined && open.htmlBody !== undefined;
  const isInNone = open.textBody === undefined && open.htmlBody === undefined;
  if (isInNone || (!isInBoth && isMedia(part.type))) open.attachments.push(part);
}

/** What is in neither list is attached. */
function listOfForm<P extends ListedPart<P>>(part: P, { textBody, htmlBody, attachments }: Open<P>): P[] {
  if (part.type === 'text/plain') return textBody ?? attachments;
  if (part.type === 'text/html') return htmlBody ?? attachments;
  return attachments;
}

/** Shown in the body, not attached: of what follows the first in a multipart/related nothing is, nor is a text with a file's name. */
function isInline<P extends ListedPart<P>>(
  { type, disposition, name }: P,
  index: number,
  multipart: string,
): boolean {
  if (disposition === 'attachment') return false;
  if (type !== 'text/plain' && type !== 'text/html' && !isMedia(type)) return false;
  return index === 0 || (multipart !== 'related' && (isMedia(type) || name === null));
}

function isMedia(type: string): boolean {
  return type.startsWith('image/') || type.startsWith('audio/') || type.startsWith('video/');
}
