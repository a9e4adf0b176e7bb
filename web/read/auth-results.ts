/** What the server that took a mail in found out about where it comes from: its Authentication-Results field, read (RFC 8601 §2.2). */

export interface AuthResults {
  /** Who says so. */
  readonly by: string;
  readonly results: readonly AuthResult[];
}

export interface AuthResult {
  readonly method: string;
  readonly result: string;
  /** By names such as `header.d`, in lower case. */
  readonly properties: ReadonlyMap<string, string>;
}

const MAX_FIELD = 10_000;

/** Undefined for what is no such field. */
export function readAuthResults(field: string): AuthResults | undefined {
  const [head = '', ...rest] = statements(withoutComments(field.slice(0, MAX_FIELD)));
  const by = /^\s*"?([^\s";/=]+)"?(?:\s+\d+)?\s*$/.exec(head)?.[1]?.toLowerCase();
  if (by === undefined) return undefined;
  return { by, results: rest.flatMap(readResult) };
}

function readResult(statement: string): AuthResult[] {
  const words = statement.match(/[^\s="]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s"]+)/g) ?? [];
  const pairs = words.map((word): readonly [string, string] => {
    const at = word.indexOf('=');
    const value = word.slice(at + 1).trim();
    const plain = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
    return [word.slice(0, at).trim().toLowerCase(), plain];
  });
  const [first, ...properties] = pairs;
  if (first === undefined) return [];
  const method = first[0].split('/')[0] ?? '';
  return [{ method, result: first[1].toLowerCase(), properties: new Map(properties) }];
}

/** Semicolons in quoted strings part nothing. */
function statements(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^";]|")+/g) ?? [];
}

/** Comments lie in each other; what stands in a quoted string is none (RFC 5322 §3.2.2). */
function withoutComments(text: string): string {
  let out = '';
  let depth = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (char === '\\' && (depth > 0 || isQuoted)) {
      if (isQuoted) out += text.slice(i, i + 2);
      i++;
    } else if (isQuoted || (char === '"' && depth === 0)) {
      if (char === '"') isQuoted = !isQuoted;
      out += char;
    } else if (char === '(') depth++;
    else if (char === ')' && depth > 0) depth--;
    else if (depth === 0) out += char;
  }
  return out;
}
