/** The methods of rules (RFC 9661) and of who is away (RFC 8621 §8). */
import type { Editing } from '../../rules/editing.ts';
import type { BlobFinder } from '../blobs/find-blob.ts';
import type { Method } from '../core/method.ts';
import type { Submitting } from '../submission/submit.ts';
import { scriptMethods } from './scripts.ts';
import { vacationMethods } from './vacation.ts';

export interface SieveParts {
  readonly editing: Editing;
  readonly findBlob: BlobFinder;
  readonly submitting: Pick<Submitting, 'identities'>;
}

export function sieveMethods({ editing, findBlob, submitting }: SieveParts): readonly Method[] {
  return [...scriptMethods(editing, findBlob), ...vacationMethods(editing, submitting.identities)];
}
