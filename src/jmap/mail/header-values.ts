/** Header fields of a message or a part, as properties (RFC 8621 §4.1.3). */
import { foldAscii, type HeaderBlock } from '../../mail/header.ts';
import type { Json } from '../core/json.ts';
import { headerForm } from './header-forms.ts';
import type { HeaderProperty } from './header-property.ts';
import { rawForm } from './header-text-form.ts';
import type { ViewBudget } from './view-budget.ts';

/** To look through the fields for each of more properties takes longer than to sort them by their names. */
const FEW = 16;

/** Of several fields of the name the last, or all of them; null, or none, when there is none. */
export function headerValue(header: HeaderBlock, { name, form, isAll }: HeaderProperty): Json {
  return shown(header.all(name.toLowerCase()), { form, isAll });
}

/** Those that are asked for, into `out`. Throws `requestTooLarge` (`budget`). */
export async function putHeaderValues(
  out: Record<string, Json>,
  header: HeaderBlock,
  { properties, budget }: { readonly properties: readonly HeaderProperty[]; readonly budget: ViewBudget },
): Promise<void> {
  const fields = properties.length > FEW ? byName(header) : undefined;
  for (const property of properties) {
    const name = property.name.toLowerCase();
    const all = fields === undefined ? header.all(name) : (fields.get(name) ?? []);
    const values = property.isAll ? all : all.slice(-1);
    const spent = budget.made(1 + values.length, octetsOf(values));
    if (spent !== undefined) await spent;
    out[property.property] = shown(values, property);
  }
}

/** All fields in their order, names as written. As `putHeaderValues`. */
export async function headerList(header: HeaderBlock, budget: ViewBudget): Promise<Json> {
  const list: Json[] = [];
  for (const { name, value } of header.fields()) {
    const spent = budget.made(1, name.length + value.length);
    if (spent !== undefined) await spent;
    list.push({ name, value: rawForm(value) });
  }
  return list;
}

function shown(values: readonly Buffer[], { form, isAll }: Pick<HeaderProperty, 'form' | 'isAll'>): Json {
  if (isAll) return values.map((value) => headerForm(value, form) as Json);
  const last = values.at(-1);
  return last === undefined ? null : (headerForm(last, form) as Json);
}

function byName(header: HeaderBlock): ReadonlyMap<string, Buffer[]> {
  const found = new Map<string, Buffer[]>();
  for (const { name, value } of header.fields()) {
    const key = foldAscii(name);
    const values = found.get(key);
    if (values === undefined) found.set(key, [value]);
    else values.push(value);
  }
  return found;
}

function octetsOf(values: readonly Buffer[]): number {
  return values.reduce((sum, { length }) => sum + length, 0);
}
