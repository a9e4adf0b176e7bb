/** Annotations of an account and its mailboxes. */
import { type AnnotationPlace, type AnnotationRow, annotationKey } from '../../mailbox/model/annotations.ts';

export class AnnotationRows {
  readonly #values = new Map<string, AnnotationPlace & { readonly value: Buffer }>();

  get rows(): readonly AnnotationRow[] {
    const rows = [...this.#values.values()].map(({ mailbox, name, value }) => ({
      mailbox,
      name,
      sizeBytes: value.length,
    }));
    return rows.sort((a, b) => a.mailbox - b.mailbox || (a.name < b.name ? -1 : 1));
  }

  valueOf(place: AnnotationPlace): Buffer | undefined {
    return this.#values.get(annotationKey(place))?.value;
  }

  put(place: AnnotationPlace, value: Buffer | undefined): void {
    if (value === undefined) this.#values.delete(annotationKey(place));
    else this.#values.set(annotationKey(place), { ...place, value: Buffer.from(value) });
  }
}
