/** Replacing parts and enclosing the message (RFC 5703 §5, §6). */
import type { Extension } from '../compile/language.ts';
import { fieldText, oneLine, readAddress } from '../message/fields.ts';
import { enclosed, entityOf, replacedMessage, replacedPart } from '../message/rewrite.ts';
import type { PartPath } from '../message/view.ts';
import { RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';

/** A message is copied, hashed and taken apart again: of the largest it is done once. */
const REWRITING = 8;

export const REPLACE: Extension = {
  rfc: 5703,
  capabilities: ['replace'],
  commands: [
    {
      name: 'replace',
      capabilities: ['replace'],
      values: ['string'],
      check(checking, { tags }) {
        if (tags.mime !== undefined && (tags.subject ?? tags.from) !== undefined)
          checking.fail('":mime" says all of the header: no ":subject" or ":from" with it');
        if (typeof tags.from === 'string' && readAddress(tags.from) === undefined)
          checking.fail(`"${tags.from}" is no mail address`);
      },
      *run(run, { tags, values }): Steps<void> {
        const path = run.part;
        const entity = entityOf(run.text(values[0]), tags.mime !== undefined);
        const whole = yield* run.message.whole();
        run.budget.look(REWRITING * whole.length);
        if (path.length === 0) {
          const subject = tags.subject === undefined ? undefined : run.text(tags.subject);
          const from = tags.from === undefined ? undefined : run.text(tags.from);
          if (from !== undefined && readAddress(from) === undefined)
            throw new RunFault(`"${from.slice(0, 100)}" is no mail address`);
          run.message.setWhole(replacedMessage(run.message.header.bytes, entity, { subject, from }));
        } else {
          const root = yield* run.message.root();
          const part = yield* run.message.partAt(path);
          run.message.setWhole(replacedPart(whole, { root, part }, entity));
        }
        leaveGone(run, path);
      },
    },
  ],
  tags: [
    { name: 'mime', of: ['replace'] },
    { name: 'subject', of: ['replace', 'enclose'], value: 'string' },
    { name: 'from', of: ['replace'], value: 'string' },
  ],
};

export const ENCLOSE: Extension = {
  rfc: 5703,
  capabilities: ['enclose'],
  commands: [
    {
      name: 'enclose',
      capabilities: ['enclose'],
      values: ['string'],
      *run(run, { tags, values }): Steps<void> {
        const whole = yield* run.message.whole();
        run.budget.look(REWRITING * whole.length);
        const { header } = run.message;
        const own = header.find('subject');
        const subject = tags.subject === undefined ? own && fieldText(own) : run.text(tags.subject);
        const { nowMs, addresses } = run.environment;
        const octets = enclosed(whole, {
          subject: oneLine(subject ?? ''),
          headers: run.texts(tags.headers),
          text: run.text(values[0]),
          from: addresses[0] ?? '',
          nowMs,
        });
        if (octets.length > run.limits.bodyBytes)
          throw new RunFault('the message is too large to be enclosed');
        run.message.setEnclosing(octets);
        leaveGone(run, []);
      },
    },
  ],
  tags: [{ name: 'headers', of: ['enclose'], value: 'strings' }],
};

/** Loops do not go into what is no longer there (RFC 5703 §5). */
function leaveGone({ allLoops }: Run, path: PartPath): void {
  for (const { paths, at } of allLoops) {
    const rest = paths.splice(at + 1);
    paths.push(
      ...rest.filter((one) => one.length <= path.length || path.some((number, i) => one[i] !== number)),
    );
  }
}
