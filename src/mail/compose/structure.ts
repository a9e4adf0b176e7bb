/**
 * The parts of a message from what it is to say (RFC 8621 §4.6: the server finds the structure): a text and the same in HTML are
 * alternatives, pictures that the HTML shows stand beside it (RFC 2387), what else there is follows (RFC 2046 §5.1).
 */
import type { DraftPart } from './draft.ts';

export interface BodyParts {
  readonly text: DraftPart | undefined;
  readonly html: DraftPart | undefined;
  readonly attachments: readonly DraftPart[];
}

export function structureOf({ text, html, attachments }: BodyParts): DraftPart {
  const shown = html === undefined ? [] : attachments.filter(isShownIn);
  const rest = attachments.filter((one) => !shown.includes(one));
  const rich = html && (shown.length === 0 ? html : multipart('related', [html, ...shown]));
  const both = [text, rich].filter((one) => one !== undefined);
  const body = both.length > 1 ? multipart('alternative', both) : both[0];
  if (rest.length === 0)
    return body ?? { type: 'text/plain', fields: [], content: { kind: 'text', text: '' } };
  return multipart('mixed', body === undefined ? rest : [body, ...rest]);
}

function isShownIn({ cid, disposition }: DraftPart): boolean {
  return cid !== undefined && disposition !== 'attachment';
}

function multipart(subtype: string, parts: readonly DraftPart[]): DraftPart {
  return { type: `multipart/${subtype}`, fields: [], content: { kind: 'parts', parts } };
}
