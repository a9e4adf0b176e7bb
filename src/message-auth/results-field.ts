/** The Authentication-Results field (RFC 8601 §2.2), as we write it. Pure; nothing that a message says can leave its place in it. */
import { commentText, pvalue } from './results-words.ts';
import type { MethodResult } from './verdict.ts';

const LINE = 78;
/** What is longer is no name or address; a line has an end (RFC 5322 §2.1.1). */
const MAX_VALUE = 300;
const MAX_COMMENT = 200;

/** The whole field with its line end. `hostname` is the authserv-id: our name. */
export function resultsField(hostname: string, results: readonly MethodResult[]): string {
  return `Authentication-Results: ${resultsValue(hostname, results)}\r\n`;
}

/** What stands in it, which is also the payload of ARC-Authentication-Results (RFC 8617 §4.1.1). */
export function resultsValue(hostname: string, results: readonly MethodResult[]): string {
  if (results.length === 0) return `${pvalue(hostname)}; none`;
  return [pvalue(hostname), ...results.map(methodLines)].join(';\r\n\t');
}

function methodLines({ method, result, comment, properties }: MethodResult): string {
  const words = [`${method}=${result}`];
  if (comment !== undefined && comment !== '') words.push(`(${commentText(comment).slice(0, MAX_COMMENT)})`);
  for (const [name, value] of properties) {
    const written = pvalue(value);
    if (written.length <= MAX_VALUE) words.push(`${name}=${written}`);
  }
  return folded(words);
}

function folded(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > LINE) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\r\n\t');
}
