/** The test `body` (RFC 5173). */
import type { Extension } from '../compile/language.ts';
import type { Node } from '../compile/script.ts';
import { matchAny } from '../matching/match.ts';
import { contentBody, rawBody, textBody } from '../message/texts.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';

export const BODY: Extension = {
  rfc: 5173,
  capabilities: ['body'],
  tests: [
    {
      name: 'body',
      capabilities: ['body'],
      values: ['strings'],
      classes: ['match'],
      *run(run, node): Steps<boolean> {
        const values = yield* textsOf(run, node);
        return yield* matchAny(run, node, values, run.texts(node.values[0]));
      },
    },
  ],
  tags: [
    { name: 'raw', of: ['body'], group: 'transform' },
    { name: 'content', of: ['body'], value: 'strings', group: 'transform' },
    { name: 'text', of: ['body'], group: 'transform' },
  ],
};

function* textsOf(run: Run, { tags }: Node): Steps<readonly string[]> {
  if (!(yield* hasBody(run))) return [];
  const types = run.texts(tags.content);
  const key =
    tags.content !== undefined ? `content ${types.join(' ')}` : tags.raw !== undefined ? 'raw' : 'text';
  const known = run.message.texts.get(key);
  if (known !== undefined) return known;
  const read =
    tags.content !== undefined
      ? contentBody(run, types)
      : tags.raw !== undefined
        ? rawBody(run)
        : textBody(run);
  const texts = yield* read;
  run.message.texts.set(key, texts);
  return texts;
}

/** A message that ends with its header has no body, not an empty one (RFC 5173 §4). */
function* hasBody(run: Run): Steps<boolean> {
  const { bodyStart, end } = yield* run.message.root();
  if (end > bodyStart) return true;
  const last = (yield* run.message.read(Math.max(0, end - 4), end)).toString('latin1');
  return /(?:^|\n)\r?\n$/.test(last);
}
