/** Where one leaves a list with one request (RFC 8058 §3.1): an https address beside the promise that a POST to it is enough. */
import type { HeaderBlock } from '../../mail/header.ts';
import { headerForm } from '../mail/header-forms.ts';

const PROMISE = /^\s*List-Unsubscribe\s*=\s*One-Click\s*$/i;
export const ONE_CLICK = 'List-Unsubscribe=One-Click';

export function unsubscribeTarget(header: HeaderBlock): string | undefined {
  // Several of a field are several meanings, of which nobody knows the right one.
  const [fields, promises] = [header.all('list-unsubscribe'), header.all('list-unsubscribe-post')];
  const [field, promise] = [fields[0], promises[0]];
  if (field === undefined || promise === undefined || fields.length > 1 || promises.length > 1)
    return undefined;
  if (!PROMISE.test(promise.toString('latin1'))) return undefined;
  const urls = headerForm(field, 'URLs') as readonly string[] | null;
  return urls?.find((url) => /^https:\/\//i.test(url));
}
