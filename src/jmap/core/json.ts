/** JSON as JMAP uses it (RFC 8259, within I-JSON, RFC 7493). Objects that were read have no prototype. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What methods answer of things by name, and where there is none of them (RFC 8620 §5.3). A name may be any, `__proto__` too. */
export function orNull(map: ReadonlyMap<string, Json>): JsonObject | null {
  return map.size === 0 ? null : Object.fromEntries(map);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
