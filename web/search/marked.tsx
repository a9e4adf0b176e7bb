/** A text with its hits marked. */
import type { Part } from './snippet.ts';

export function Marked({ parts }: { readonly parts: readonly Part[] }) {
  return <>{parts.map(({ text, isMarked }, at) => (isMarked ? <mark key={at}>{text}</mark> : text))}</>;
}
