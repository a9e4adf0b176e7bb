/** Fields of a header in the form in which tests ask for them, found and decoded once: twenty tests look at the same four. */
import type { HeaderBlock } from '../../mail/header.ts';
import type { Steps } from '../run/steps.ts';
import { addressesIn, fieldAddresses, fieldText, type MailAddress, rawFields } from './fields.ts';

export interface Field {
  /** In lower case. */
  readonly name: string;
  readonly raw: Buffer;
  /** Once somebody has asked. */
  text?: string;
  addresses?: readonly MailAddress[];
}

/** The fields of one header by name; of another header everything is looked for anew. */
export class KnownFields {
  #header: HeaderBlock | undefined;
  #fields = new Map<string, readonly Field[]>();

  of(header: HeaderBlock, name: string): readonly Field[] {
    if (header !== this.#header) {
      this.#header = header;
      this.#fields = new Map();
    }
    const known = this.#fields.get(name);
    if (known !== undefined) return known;
    const fields = rawFields(header, name).map((raw) => ({ name: name.toLowerCase(), raw }));
    if (this.#fields.size < MAX_KNOWN) this.#fields.set(name, fields);
    return fields;
  }
}

/** Names that a script makes up are not kept without end. */
const MAX_KNOWN = 100;

/** As tests compare it. */
export function textOfField(field: Field): string {
  field.text ??= fieldText(field.raw);
  return field.text;
}

/** Undefined: nobody has asked, and it is not short enough to be read at once. */
export function addressesAtOnce(field: Field): readonly MailAddress[] | undefined {
  if (field.addresses === undefined && field.raw.length <= MAX_AT_ONCE)
    field.addresses = fieldAddresses(field.raw);
  return field.addresses;
}

/** Octets. */
const MAX_AT_ONCE = 4096;

export function* addressesOfField(field: Field): Steps<readonly MailAddress[]> {
  field.addresses ??= yield* addressesIn(field.raw);
  return field.addresses;
}
