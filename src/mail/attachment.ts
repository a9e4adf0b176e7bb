/**
 * Whether a person would say that a message has something attached: what a list shows a paper clip for.
 *
 * The rule, part by part. An attachment is what its sender calls one, and otherwise what is neither text nor a picture in the
 * text: a picture inside multipart/related belongs to it, and so does whatever else has a Content-ID there. No attachments
 * are signatures, the parts that encryption needs, and what a delivery report reports with.
 */
import { decodedParameter } from './parameter.ts';
import type { Part } from './part.ts';

/** What stands beside the text for programs. */
const MACHINERY: ReadonlySet<string> = new Set([
  'application/pgp-signature',
  'application/pgp-encrypted',
  'application/pgp-keys',
  'application/pkcs7-signature',
  'application/x-pkcs7-signature',
  'application/pkcs7-mime',
  'application/x-pkcs7-mime',
  'message/delivery-status',
  'message/disposition-notification',
  'message/feedback-report',
  'message/global-delivery-status',
  'message/global-disposition-notification',
  'text/rfc822-headers',
  'message/global-headers',
]);

export function hasAttachment(root: Part): boolean {
  return isAttached(root, undefined);
}

function isAttached(part: Part, parent: Part | undefined): boolean {
  const { mediaType } = part.fields;
  if (part.kind === 'multipart') {
    if (mediaType === 'multipart/encrypted') return false;
    return part.children.some((child) => isAttached(child, part));
  }
  if (MACHINERY.has(mediaType)) return false;
  const container = parent?.fields.mediaType;
  // The message that could not be delivered.
  if (container === 'multipart/report') return false;
  if (part.fields.disposition?.type.toLowerCase() === 'attachment') return true;
  if (container === 'multipart/related') return !belongsToText(part);
  // Other forms of the same text: what clients show is one of them.
  if (container === 'multipart/alternative') return false;
  return mediaType.startsWith('text/')
    ? isNamed(part) && parent !== undefined && parent.children[0] !== part
    : true;
}

function belongsToText({ fields }: Part): boolean {
  const { mediaType, id } = fields;
  return mediaType.startsWith('text/') || mediaType.startsWith('image/') || id !== undefined;
}

/** A text with a file's name that is not the first part was a file before it was mail. */
function isNamed({ fields }: Part): boolean {
  const name =
    decodedParameter(fields.disposition?.parameters ?? [], 'filename') ??
    decodedParameter(fields.parameters, 'name');
  return name !== undefined && name !== '';
}
