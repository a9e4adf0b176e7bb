/**
 * Where one can be in the webmail, and the address of each place: `/m/<mailbox>/<conversation>`, where a mailbox with a role is
 * called by it (`/m/inbox`), `/search?q=...`, `/settings/<page>?...`, `/admin/<page>?...`, `/write`. What is in the address is nowhere else, so reloading
 * leads to the same place.
 */

export type Place =
  | { readonly at: 'mailbox'; readonly mailbox: string; readonly thread?: string }
  | { readonly at: 'search'; readonly query: string; readonly thread?: string }
  | { readonly at: 'settings' | 'admin'; readonly page?: string; readonly parameters?: string }
  | { readonly at: 'write'; readonly draft?: string; readonly parameters: string };

export const INBOX: Place = { at: 'mailbox', mailbox: 'inbox' };
/** Letters and digits, as our ids are; what else stands there is no place. */
const WORD = /^[A-Za-z0-9_-]{1,255}$/;

/** What is no place is the Inbox. */
export function placeOf({ pathname, search }: { readonly pathname: string; readonly search: string }): Place {
  const [first, second, third] = pathname.split('/').slice(1).map(decoded);
  const query = new URLSearchParams(search);
  if (first === 'm' && isWord(second))
    return { at: 'mailbox', mailbox: second, ...(isWord(third) && { thread: third }) };
  if (first === 'search')
    return { at: 'search', query: query.get('q') ?? '', ...(isWord(second) && { thread: second }) };
  if (first === 'settings' || first === 'admin')
    return { at: first, ...(isWord(second) && { page: second }), ...(search && { parameters: search }) };
  if (first === 'write') return { at: 'write', ...(isWord(second) && { draft: second }), parameters: search };
  return INBOX;
}

export function addressOf(place: Place): string {
  switch (place.at) {
    case 'mailbox':
      return `/m/${[place.mailbox, place.thread].filter(Boolean).join('/')}`;
    case 'search':
      return `/search${place.thread ? `/${place.thread}` : ''}${query({ q: place.query })}`;
    case 'settings':
    case 'admin':
      return `/${place.at}${place.page ? `/${place.page}` : ''}${place.parameters ?? ''}`;
    case 'write':
      return `/write${place.draft ? `/${place.draft}` : ''}${place.parameters}`;
  }
}

/** Where "back" leads when one did not come from anywhere: a level up. */
export function above(place: Place): Place {
  switch (place.at) {
    case 'mailbox':
      return place.thread === undefined ? INBOX : { at: 'mailbox', mailbox: place.mailbox };
    case 'search':
      return place.thread === undefined ? INBOX : { at: 'search', query: place.query };
    case 'settings':
    case 'admin':
      return place.page === undefined ? INBOX : { at: place.at };
    case 'write':
      return INBOX;
  }
}

/** The conversation that is open there. */
export function threadAt(place: Place): string | undefined {
  return place.at === 'mailbox' || place.at === 'search' ? place.thread : undefined;
}

function query(values: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '')).toString();
  return text === '' ? '' : `?${text}`;
}

function isWord(text: string | undefined): text is string {
  return text !== undefined && WORD.test(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
