/** An outcome in sentences, for the person whose mail it is about: what becomes of the message, at whose word, and what did not. */
import type { Edition, Effect, FileEffect, Origin, RedirectEffect, SeenId, Target } from './effects.ts';
import type { Failure, Outcome } from './run/interpreter.ts';
import type { Note } from './run/run.ts';

/** One sentence an entry, in the order in which it would be done. */
export function explainOutcome(outcome: Outcome, original: Buffer): string[] {
  const { effects, failures, notes, seen } = outcome;
  const isStored = effects.some(({ kind }) => kind === 'keep' || kind === 'fileinto');
  return [
    ...failures.map(failureSentence),
    ...effects.flatMap((effect) => [effectSentence(effect, isStored), ...changesOf(effect, original)]),
    ...notes.map(noteSentence),
    ...seen.map(seenSentence),
  ];
}

function failureSentence({ reason, origin }: Failure): string {
  return `The script fails${at(origin)}: ${reason}. Nothing of what it asked for is done; the message is kept in INBOX as it came.`;
}

function noteSentence({ text, origin }: Note): string {
  return `Note${at(origin)}: ${text}.`;
}

function seenSentence({ handle, id, seconds }: SeenId): string {
  const which = handle === '' ? '' : ` for "${handle}"`;
  return `The id ${id} is remembered${which}, ${span(seconds)}.`;
}

function effectSentence(effect: Effect, isStored: boolean): string {
  switch (effect.kind) {
    case 'keep':
    case 'fileinto':
      return fileSentence(effect);
    case 'redirect':
      return redirectSentence(effect);
    case 'discard':
      return isStored
        ? `"discard"${at(effect.origin)} changes nothing, because a copy is kept.`
        : `The message is thrown away${at(effect.origin)}; nobody is told.`;
    case 'reject':
    case 'ereject':
      return `The message is refused${at(effect.origin)}; its sender is told: "${effect.reason}".`;
    case 'vacation': {
      const copy = copyWords(effect.fileCopy);
      return `${effect.to} gets a reply${at(effect.origin)}, "${effect.subject}"${copy}, and no other ${span(effect.memory.seconds)}.`;
    }
    case 'notify': {
      const to = [...effect.to, ...effect.cc].join(', ');
      return `${to} gets a notification${at(effect.origin)}, "${effect.subject}"${copyWords(effect.fileCopy)}.`;
    }
  }
}

function fileSentence({ kind, target, isImplicit, insteadOf, origin }: FileEffect): string {
  const flags = target.flags.length === 0 ? '' : `, with ${target.flags.join(' ')}`;
  if (isImplicit && origin !== undefined) return `The message goes to INBOX${flags}.`;
  if (isImplicit) return `The message goes to INBOX${flags}: no rule decides otherwise.`;
  if (kind === 'keep') return `The message goes to INBOX${at(origin)}${flags}.`;
  const made = target.mayCreate ? ', which is made if it is not there' : '';
  const instead = insteadOf === undefined ? '' : `, because there is no "${insteadOf}"`;
  return `The message goes to "${target.mailbox}"${at(origin)}${made}${instead}${flags}.`;
}

function redirectSentence({ address, members, options, origin }: RedirectEffect): string {
  const to = members === undefined ? address : `the ${members.length} of the list "${address}"`;
  const how = Object.keys(options).length === 0 ? '' : `, with ${JSON.stringify(options)}`;
  return `The message is sent on to ${to}${at(origin)}${how}.`;
}

/** What a script has done to the message that this effect is about. */
function changesOf(effect: Effect, original: Buffer): string[] {
  const edition: Edition | undefined = 'edition' in effect ? effect.edition : undefined;
  if (edition === undefined) return [];
  const [before, after] = [original, edition.header].map((header) => fieldsOf(header));
  const changes = [
    ...without(before ?? [], after ?? []).map((field) => `  - ${field}`),
    ...without(after ?? [], before ?? []).map((field) => `  + ${field}`),
  ];
  const body = edition.body === undefined ? [] : [`  and another body, of ${edition.body.length} octets`];
  return ['  changed before that:', ...changes, ...body];
}

/** Each on one line. */
function fieldsOf(header: Buffer): string[] {
  return header
    .toString('utf8')
    .replace(/\r?\n(?=[ \t])/g, '')
    .split(/\r?\n/)
    .filter((line) => line !== '');
}

/** Those of the first that the second has not, counted. */
function without(fields: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return fields.filter((field) => {
    const i = left.indexOf(field);
    if (i >= 0) left.splice(i, 1);
    return i < 0;
  });
}

function copyWords(copy: Target | undefined): string {
  return copy === undefined ? '' : ` (a copy goes to "${copy.mailbox}")`;
}

function at(origin: Origin | undefined): string {
  if (origin === undefined) return '';
  const { script, place } = origin;
  return ` (${script === '' ? '' : `${script}, `}line ${place.line})`;
}

function span(seconds: number): string {
  const [unit, size] =
    seconds >= 2 * 86_400 ? ['days', 86_400] : seconds >= 7200 ? ['hours', 3600] : ['seconds', 1];
  return `for ${Math.round(seconds / Number(size))} ${unit}`;
}
