/**
 * Which fields a test looks at: of the message, or with `:mime` of the part at hand and, with `:anychild`, of all that is in it (RFC 5703
 * §4); of those, with `:index`, one (RFC 5260 §6).
 */
import type { HeaderBlock } from '../../mail/header.ts';
import type { Node } from '../compile/script.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';
import { type Field, KnownFields } from './known-fields.ts';

export type { Field } from './known-fields.ts';

export function* headersOf(run: Run, { tags }: Node): Steps<readonly HeaderBlock[]> {
  const { message, limits } = run;
  if (tags.mime === undefined) return [message.header];
  if (tags.anychild === undefined) return [yield* message.headerAt(run.part)];
  const out: HeaderBlock[] = [];
  for (const path of yield* message.pathsFrom(run.part, limits.parts)) {
    run.budget.step();
    out.push(yield* message.headerAt(path));
  }
  return out;
}

/** The fields of these names in each header, in the order of the names. */
export function* fieldsOf(run: Run, node: Node, names: readonly string[]): Steps<readonly Field[]> {
  const out: Field[] = [];
  for (const header of yield* headersOf(run, node)) {
    run.budget.look(header.bytes.length);
    const isTop = header === run.message.header;
    const known = isTop ? run.message.fields : new KnownFields();
    const found = names.flatMap((name) => known.of(header, name));
    out.push(...indexed(found, node));
  }
  for (const { raw } of out) run.budget.look(raw.length);
  return out;
}

/** The same at once, of the message itself; undefined where parts of it are asked. */
export function fieldsAtOnce(run: Run, node: Node, names: readonly string[]): readonly Field[] | undefined {
  if (node.tags.mime !== undefined) return undefined;
  const { header, fields: known } = run.message;
  run.budget.look(header.bytes.length);
  const [only] = names;
  const found =
    only !== undefined && names.length === 1
      ? known.of(header, only)
      : names.flatMap((name) => known.of(header, name));
  const out = indexed(found, node);
  for (const { raw } of out) run.budget.look(raw.length);
  return out;
}

/** Counts from 1; with `:last` from the end. */
export function indexed<T>(found: readonly T[], { tags }: Pick<Node, 'tags'>): readonly T[] {
  const { index, last } = tags;
  if (typeof index !== 'number') return found;
  const at = last === undefined ? index - 1 : found.length - index;
  const one = found[at];
  return one === undefined || index < 1 ? [] : [one];
}
