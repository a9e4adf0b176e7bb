/**
 * Header fields of an Email that a client creates (RFC 8621 §4.1.2, §4.1.3, §4.6): properties with a name of their own and those that
 * name a field, each in the form that it says. What can be read back in that form is what was given.
 */
import type { DraftAddress, DraftField, FieldValue } from '../../mail/compose/draft.ts';
import { fieldFault } from '../../mail/compose/field.ts';
import { isList, isObject, type Json, type JsonObject } from '../core/json.ts';
import type { HeaderForm } from './header-forms.ts';
import { CONVENIENCE, type HeaderProperty, headerPropertyOf } from './header-property.ts';

/** What is wrong, by property. */
export type Faults = Map<string, string>;

const MAX_FIELDS = 500;
/** Of a field in octets: several thousand recipients. */
const MAX_FIELD_BYTES = 512 * 1024;
const DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;

export interface GivenField extends DraftField {
  readonly property: string;
}

/**
 * Of the properties that name header fields, `prefix` in front of each where something is wrong with it. Two of one field are refused, both
 * of them. `taken`: fields that other properties say, lower case, by property.
 */
export function draftFields(
  object: JsonObject,
  faults: Faults,
  { prefix = '', convenience = CONVENIENCE, taken = new Map<string, string>() } = {},
): readonly GivenField[] {
  const fields: GivenField[] = [];
  const properties = new Map(taken);
  for (const [property, value] of Object.entries(object)) {
    const header =
      convenience.get(property) ?? (property.startsWith('header:') ? headerPropertyOf(property) : undefined);
    if (header === undefined) {
      if (property.startsWith('header:')) faults.set(prefix + property, 'is no property of a header field');
      continue;
    }
    if (header === 'forbidden') {
      faults.set(prefix + property, 'the field cannot have this form');
      continue;
    }
    const name = header.name.toLowerCase();
    const other = properties.get(name);
    if (other !== undefined) {
      faults.set(prefix + other, 'is given twice');
      faults.set(prefix + property, 'is given twice');
      continue;
    }
    properties.set(name, property);
    const values = valuesOf(header, value);
    if (typeof values === 'string') faults.set(prefix + property, values);
    else fields.push(...values.map((one) => ({ property, name: header.name, value: one })));
  }
  if (fields.length > MAX_FIELDS) faults.set(`${prefix}headers`, `there can be ${MAX_FIELDS} fields at most`);
  for (const field of fields) {
    const fault = sizeOf(field.value) > MAX_FIELD_BYTES ? 'is too long' : fieldFault(field);
    if (fault !== undefined) faults.set(prefix + field.property, fault);
  }
  return fields;
}

/** A field that is given as nothing is not there. */
function valuesOf({ form, isAll }: HeaderProperty, value: Json | undefined): readonly FieldValue[] | string {
  if (value === undefined || value === null) return [];
  if (isAll && !isList(value)) return 'expected a list';
  const all = isAll ? (value as readonly Json[]) : [value];
  const read: FieldValue[] = [];
  for (const one of all) {
    const said = READERS[form](one);
    if (typeof said === 'string') return said;
    if (said !== undefined) read.push(said);
  }
  return read;
}

const READERS: Readonly<Record<HeaderForm, (value: Json) => FieldValue | string | undefined>> = {
  Raw: (text) => (typeof text === 'string' ? { form: 'raw', text } : 'expected a string'),
  Text: (text) => (typeof text === 'string' ? { form: 'text', text } : 'expected a string'),
  Addresses: (value) => {
    const addresses = addressesIn(value);
    if (typeof addresses === 'string') return addresses;
    return addresses.length === 0 ? undefined : { form: 'addresses', addresses };
  },
  GroupedAddresses: (value) => {
    if (!isList(value)) return 'expected a list of groups';
    const groups: { name: string | null; addresses: readonly DraftAddress[] }[] = [];
    for (const one of value) {
      const name = isObject(one) ? (one.name ?? null) : undefined;
      if (!isObject(one) || (name !== null && typeof name !== 'string')) return 'expected a list of groups';
      const addresses = addressesIn(one.addresses ?? null);
      if (typeof addresses === 'string') return addresses;
      groups.push({ name, addresses });
    }
    return groups.length === 0 ? undefined : { form: 'groups', groups };
  },
  MessageIds: (value) => strings(value, (ids) => ({ form: 'ids', ids })),
  URLs: (value) => strings(value, (urls) => ({ form: 'urls', urls })),
  Date: (value) => (typeof value === 'string' ? (dateIn(value) ?? 'expected a date') : 'expected a date'),
};

function strings(value: Json, make: (all: readonly string[]) => FieldValue): FieldValue | string | undefined {
  if (!isList(value) || !value.every((one) => typeof one === 'string')) return 'expected a list of strings';
  return value.length === 0 ? undefined : make(value as readonly string[]);
}

function addressesIn(value: Json): readonly DraftAddress[] | string {
  if (!isList(value)) return 'expected a list of addresses';
  const addresses: DraftAddress[] = [];
  for (const one of value) {
    if (!isObject(one) || typeof one.email !== 'string') return 'expected an object with an email';
    const { name = null, email } = one;
    if (name !== null && typeof name !== 'string') return 'a name is a string or null';
    const unknown = Object.keys(one).find((key) => key !== 'name' && key !== 'email');
    if (unknown !== undefined) return 'an address has a name and an email';
    addresses.push({ name, email });
  }
  return addresses;
}

/** RFC 8620 §1.4 `Date`: in any zone. */
function dateIn(text: string): FieldValue | undefined {
  const match = DATE.exec(text);
  const ms = match === null ? Number.NaN : Date.parse(text);
  if (match === null || Number.isNaN(ms)) return undefined;
  const [, , sign, hours = '0', minutes = '0'] = match;
  const zone = Number(hours) * 60 + Number(minutes);
  return { form: 'date', seconds: Math.floor(ms / 1000), zoneMinutes: sign === '-' ? -zone : zone };
}

function sizeOf(value: FieldValue): number {
  return Buffer.byteLength(JSON.stringify(value));
}
