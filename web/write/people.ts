/** Addresses as people type and paste them, to the people that a mail goes to. Pure. */

export interface Recipient {
  readonly name: string | null;
  readonly email: string;
}

/** More are a list that somebody pasted by mistake. */
const MOST = 500;

export interface Read {
  readonly people: readonly Recipient[];
  /** What is no address, as it stands. */
  readonly rest: string;
}

/** `Anna Berg <anna@example.org>, olof@example.org; "Ek, Olof" <o@example.org>`, in lines or not. */
export function readPeople(text: string): Read {
  const people: Recipient[] = [];
  const rest: string[] = [];
  for (const piece of pieces(text).slice(0, MOST)) {
    const person = readPerson(piece);
    if (person !== undefined) people.push(person);
    else if (piece.trim() !== '') rest.push(piece.trim());
  }
  return { people, rest: rest.join(', ') };
}

function readPerson(piece: string): Recipient | undefined {
  const [, name = '', inside] = /^\s*(.*?)\s*<([^<>]*)>\s*$/s.exec(piece) ?? [];
  const email = (inside ?? piece).trim().replace(/^mailto:/i, '');
  if (!isAddress(email)) return undefined;
  const bare = name
    .replace(/^["']|["']$/g, '')
    .replace(/\\(.)/g, '$1')
    .trim();
  return { name: bare === '' || bare.toLowerCase() === email.toLowerCase() ? null : bare, email };
}

/** Cut at commas, semicolons and line ends that are not inside quotes or angle brackets; at spaces where each piece is an address. */
function pieces(text: string): string[] {
  const out = [''];
  let isQuoted = false;
  let isInside = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    else if (char === '<') isInside = true;
    else if (char === '>') isInside = false;
    if (!isQuoted && !isInside && /[,;\r\n]/.test(char)) out.push('');
    else out[out.length - 1] += char;
  }
  return out.flatMap((piece) => {
    const words = piece.trim().split(/\s+/);
    return words.length > 1 && words.every(isAddress) ? words : [piece];
  });
}

/**
 * As far as it can be told without asking: one `@`, a name before it, a name with a dot behind it. `localhost` needs none: on a server
 * that was just started everybody is there.
 */
export function isAddress(text: string): boolean {
  if (text.length > 320) return false;
  return /^(?:[^\s<>()[\]\\,;:@"]{1,64}|"[^"\r\n]{1,62}")@(?:localhost|(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63})$/iu.test(
    text,
  );
}

/** Without those who stand there already; in the same order. */
export function withPeople(all: readonly Recipient[], added: readonly Recipient[]): Recipient[] {
  const known = new Set(all.map(({ email }) => email.toLowerCase()));
  const out = [...all];
  for (const person of added) {
    if (known.has(person.email.toLowerCase())) continue;
    known.add(person.email.toLowerCase());
    out.push(person);
  }
  return out.slice(0, MOST);
}

export function without(all: readonly Recipient[], addresses: readonly string[]): Recipient[] {
  const gone = new Set(addresses.map((one) => one.toLowerCase()));
  return all.filter(({ email }) => !gone.has(email.toLowerCase()));
}
