/** Header fields of a message or a part, as properties (RFC 8621 §4.1.3). */
import type { HeaderBlock } from '../../mail/header.ts';
import type { Json } from '../core/json.ts';
import { headerForm } from './header-forms.ts';
import type { HeaderProperty } from './header-property.ts';
import { rawForm } from './header-text-form.ts';

/** Of several fields of the name the last, or all of them; null, or none, when there is none. */
export function headerValue(header: HeaderBlock, { name, form, isAll }: HeaderProperty): Json {
  const values = header.all(name.toLowerCase());
  if (isAll) return values.map((value) => headerForm(value, form) as Json);
  const last = values.at(-1);
  return last === undefined ? null : (headerForm(last, form) as Json);
}

/** All fields in their order, names as written. */
export function headerList(header: HeaderBlock): Json {
  return [...header.fields()].map(({ name, value }) => ({ name, value: rawForm(value) }));
}
