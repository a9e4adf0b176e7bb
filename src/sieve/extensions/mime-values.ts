/** What `header :mime` tests of Content-Type and Content-Disposition (RFC 5703 §4.1). */

import { unfold } from '../../mail/header.ts';
import { decodedParameter, joinContinuations, parseParameterized } from '../../mail/parameter.ts';
import type { Node } from '../compile/script.ts';
import type { Field } from '../message/selection.ts';
import type { Run } from '../run/run.ts';

export function hasMimeOption({ tags }: Node): boolean {
  return (tags.type ?? tags.subtype ?? tags.contenttype ?? tags.param) !== undefined;
}

export function mimeValues(run: Run, { tags }: Node, { name, raw }: Field): string[] {
  const { value, parameters } = parseParameterized(unfold(raw));
  if (tags.param !== undefined) {
    const joined = joinContinuations(parameters);
    return run
      .texts(tags.param)
      .map((parameter) => decodedParameter(joined, parameter.toLowerCase()))
      .filter((found) => found !== undefined);
  }
  if (name === 'content-disposition') return [tags.subtype === undefined ? value.trim() : ''];
  if (name !== 'content-type') return [''];
  const [type = '', subtype = ''] = value.split('/', 2).map((word) => word.trim());
  if (tags.type !== undefined) return [type];
  return [tags.subtype === undefined ? `${type}/${subtype}` : subtype];
}
