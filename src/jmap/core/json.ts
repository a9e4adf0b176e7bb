/** JSON as JMAP uses it (RFC 8259, within I-JSON, RFC 7493). Objects that were read have no prototype. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What methods answer where there is none of it (RFC 8620 §5.3). */
export function orNull<T extends Json>(map: Readonly<Record<string, T>>): JsonObject | null {
  return Object.keys(map).length === 0 ? null : map;
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
