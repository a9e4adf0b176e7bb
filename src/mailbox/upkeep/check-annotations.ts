/** Whether annotations belong to mailboxes that are there, under names that can be asked for. */
import { annotationName } from '../../mail/annotation-name.ts';
import { ANNOTATION_LIMITS, type AnnotationRow, NO_MAILBOX } from '../model/annotations.ts';
import type { LoadedAccount } from '../port/store.ts';

export interface AnnotationFault {
  readonly what: string;
  readonly place: AnnotationRow;
}

/** Of one read. */
export function* faultsInAnnotations({
  mailboxes,
  annotations,
}: Pick<LoadedAccount, 'mailboxes' | 'annotations'>): Generator<AnnotationFault> {
  const known = new Set([NO_MAILBOX, ...mailboxes.map(({ id }) => id)]);
  for (const place of annotations) {
    const fault = faultOf(place, known);
    if (fault !== undefined)
      yield {
        what: `the annotation ${JSON.stringify(place.name)} of mailbox ${place.mailbox} ${fault}`,
        place,
      };
  }
}

function faultOf(
  { mailbox, name, sizeBytes }: AnnotationRow,
  known: ReadonlySet<number>,
): string | undefined {
  if (!known.has(mailbox)) return 'is of none that is there';
  if (annotationName(name) !== name) return 'has a name that nobody can ask for';
  return sizeBytes > ANNOTATION_LIMITS.valueBytes ? `has ${sizeBytes} octets` : undefined;
}
