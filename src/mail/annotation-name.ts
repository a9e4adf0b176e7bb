/** Names of annotations (RFC 5464 §3.2): paths below `/shared` or `/private`, the same in capitals and small letters. */

const MAX_BYTES = 255;
/** `*`, `%`, control characters and what is not ASCII are in no name. */
const NAME = /^(?:\/[^*%/\x00-\x1f\x7f-\uffff]+){2,}$/;
const PREFIX = /^\/(?:private|shared)\//;
const VENDOR = /^\/[a-z]+\/vendor(?:\/|$)/;
/** RFC 5464 §3.2: `/shared/vendor/<vendor-token>/<name>`. */
const VENDOR_COMPONENTS = 4;

/** In lower case, as it is kept; undefined when it is no name of an annotation. */
export function annotationName(raw: string): string | undefined {
  const name = raw.toLowerCase();
  if (name.length > MAX_BYTES || !NAME.test(name) || !PREFIX.test(name)) return undefined;
  const components = name.split('/').length - 1;
  return VENDOR.test(name) && components < VENDOR_COMPONENTS ? undefined : name;
}
