/**
 * Changing header fields (RFC 5293). The trace of the message, and what the server itself says of it, is nobody's to change: such
 * commands do nothing (§6).
 */
import type { Checking, Extension } from '../compile/language.ts';
import type { Value } from '../compile/script.ts';
import { matchAny } from '../matching/match.ts';
import { fieldText, isFieldName } from '../message/fields.ts';
import { encodedField, headerPieces, joinPieces } from '../message/header-edit.ts';
import { indexed } from '../message/selection.ts';
import { RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';

const PROTECTED: readonly string[] = [
  'received',
  'delivered-to',
  'x-loop',
  'auto-submitted',
  'authentication-results',
  'arc-seal',
  'arc-message-signature',
  'arc-authentication-results',
  'original-subject',
  'original-from',
];

export const EDITHEADER: Extension = {
  rfc: 5293,
  capabilities: ['editheader'],
  commands: [
    {
      name: 'addheader',
      capabilities: ['editheader'],
      values: ['string', 'string'],
      check: (checking, { values: [name] }) => checkName(checking, name),
      *run(run, { tags, values }): Steps<void> {
        const name = fieldName(run, values[0]);
        if (isProtected(run, name)) return;
        const field = encodedField(name, run.text(values[1]));
        run.added.fields++;
        run.added.bytes += field.length;
        if (run.added.fields > run.limits.addedFields || run.added.bytes > run.limits.addedBytes)
          throw new RunFault(
            `more than ${run.limits.addedFields} fields or ${run.limits.addedBytes} octets are added`,
          );
        const { fields, end } = headerPieces(yield* run.message.wholeHeader());
        const added = { name: name.toLowerCase(), octets: field, raw: field };
        setFields(run, tags.last === undefined ? [added, ...fields] : [...fields, added], end);
      },
    },
    {
      name: 'deleteheader',
      capabilities: ['editheader'],
      values: ['string', 'strings'],
      mayOmit: 'last',
      classes: ['match'],
      check: (checking, { values: [name] }) => checkName(checking, name),
      *run(run, node): Steps<void> {
        const name = fieldName(run, node.values[0]).toLowerCase();
        if (isProtected(run, name)) return;
        const { fields, end } = headerPieces(yield* run.message.wholeHeader());
        const named = indexed(
          fields.filter((field) => field.name === name),
          node,
        );
        const gone = new Set<unknown>();
        for (const field of named) {
          run.budget.step();
          if (
            node.values.length < 2 ||
            (yield* matchAny(run, node, [fieldText(field.raw)], run.texts(node.values[1])))
          )
            gone.add(field);
        }
        if (gone.size > 0)
          setFields(
            run,
            fields.filter((field) => !gone.has(field)),
            end,
          );
      },
    },
  ],
  tags: [
    { name: 'last', of: ['addheader'] },
    {
      name: 'index',
      of: ['deleteheader'],
      value: 'number',
      check(checking, value) {
        if (value === 0) checking.fail('":index" counts from 1');
      },
    },
    { name: 'last', of: ['deleteheader'], needs: 'index' },
  ],
};

function setFields(run: Run, fields: Parameters<typeof joinPieces>[0], end: Buffer): void {
  const header = joinPieces(fields, end);
  run.budget.look(header.length);
  run.message.setHeader(header);
}

function checkName(checking: Checking, name: Value | undefined): void {
  if (typeof name === 'string' && !isFieldName(name)) checking.fail(`no field can be called "${name}"`);
}

function fieldName(run: Run, value: Value | undefined): string {
  const name = run.text(value);
  if (!isFieldName(name)) throw new RunFault(`no field can be called "${name.slice(0, 100)}"`);
  return name;
}

function isProtected(run: Run, name: string): boolean {
  if (!PROTECTED.includes(name.toLowerCase())) return false;
  run.note(`"${name}" is not changed by rules`);
  return true;
}
