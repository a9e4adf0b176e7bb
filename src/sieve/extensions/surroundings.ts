/**
 * Tests of what surrounds the message: `environment` (RFC 5183), annotations of mailboxes and server (RFC 5490), what filters found
 * (RFC 5235), and whether it came before (RFC 7352).
 */
import type { Extension, TagDefinition } from '../compile/language.ts';
import type { Node } from '../compile/script.ts';
import { matchAny } from '../matching/match.ts';
import { fieldText, rawFields } from '../message/fields.ts';
import type { Run } from '../run/run.ts';
import { answered, type Steps } from '../run/steps.ts';
import { mailboxName } from '../run/target.ts';

export const ENVIRONMENT: Extension = {
  rfc: 5183,
  capabilities: ['environment'],
  tests: [
    {
      name: 'environment',
      capabilities: ['environment'],
      values: ['string', 'strings'],
      classes: ['match'],
      *run(run, node): Steps<boolean> {
        const [name, keys] = node.values;
        const value = run.environment.items.get(run.text(name).toLowerCase());
        // An item that nobody knows matches nothing, and is none to be counted (RFC 5183 §4).
        return (
          value !== undefined && (yield* matchAny(run, node, [value], run.texts(keys), value === '' ? 0 : 1))
        );
      },
    },
  ],
};

/** Its words are items of the environment: `imap.cause`, `imap.mailbox` and so on. */
export const IMAPSIEVE: Extension = { rfc: 6785, capabilities: ['imapsieve'] };

export const MAILBOX_METADATA: Extension = {
  rfc: 5490,
  capabilities: ['mboxmetadata'],
  tests: [
    {
      name: 'metadata',
      capabilities: ['mboxmetadata'],
      values: ['string', 'string', 'strings'],
      classes: ['match'],
      *run(run, node): Steps<boolean> {
        const [mailbox, annotation, keys] = node.values;
        const value = yield* mailboxAnnotation(run, run.text(mailbox), run.text(annotation));
        return value !== undefined && (yield* matchAny(run, node, [value], run.texts(keys)));
      },
    },
    {
      name: 'metadataexists',
      capabilities: ['mboxmetadata'],
      values: ['string', 'strings'],
      *run(run, { values: [mailbox, annotations] }): Steps<boolean> {
        const name = run.text(mailbox);
        for (const annotation of run.texts(annotations))
          if ((yield* mailboxAnnotation(run, name, annotation)) === undefined) return false;
        return true;
      },
    },
  ],
};

export const SERVER_METADATA: Extension = {
  rfc: 5490,
  capabilities: ['servermetadata'],
  tests: [
    {
      name: 'servermetadata',
      capabilities: ['servermetadata'],
      values: ['string', 'strings'],
      classes: ['match'],
      *run(run, node): Steps<boolean> {
        const [annotation, keys] = node.values;
        const value = yield* answered(run.environment.mailboxes.serverMetadata(run.text(annotation)));
        return value !== undefined && (yield* matchAny(run, node, [value], run.texts(keys)));
      },
    },
    {
      name: 'servermetadataexists',
      capabilities: ['servermetadata'],
      values: ['strings'],
      *run(run, { values: [annotations] }): Steps<boolean> {
        for (const annotation of run.texts(annotations)) {
          run.budget.step();
          if ((yield* answered(run.environment.mailboxes.serverMetadata(annotation))) === undefined)
            return false;
        }
        return true;
      },
    },
  ],
};

function* mailboxAnnotation(run: Run, named: string, annotation: string): Steps<string | undefined> {
  run.budget.step();
  const mailbox = mailboxName(named);
  return mailbox === undefined
    ? undefined
    : yield* answered(run.environment.mailboxes.metadata(mailbox, annotation));
}

/** What `spamtest` says of a spam score from 0 to 1: 1 to 10, or 0 to 100 (RFC 5235 §3.2). */
export const SPAMTEST: Extension = {
  rfc: 5235,
  capabilities: ['spamtest', 'spamtestplus'],
  tests: [
    {
      name: 'spamtest',
      capabilities: ['spamtest', 'spamtestplus'],
      values: ['string'],
      classes: ['match'],
      run: testSpam,
    },
  ],
  tags: [{ name: 'percent', of: ['spamtest'], capabilities: ['spamtestplus'] }],
};

export const VIRUSTEST: Extension = {
  rfc: 5235,
  capabilities: ['virustest'],
  tests: [
    {
      name: 'virustest',
      capabilities: ['virustest'],
      values: ['string'],
      classes: ['match'],
      *run(run, node): Steps<boolean> {
        const { virus = 0 } = run.environment.verdict.filtered?.() ?? {};
        return yield* matchAny(run, node, [String(virus)], [run.text(node.values[0])], virus === 0 ? 0 : 1);
      },
    },
  ],
};

function* testSpam(run: Run, node: Node): Steps<boolean> {
  const { spam } = run.environment.verdict.filtered?.() ?? {};
  const score = Math.min(Math.max(spam ?? 0, 0), 1);
  const tenth = spam === undefined ? 0 : 1 + Math.round(score * 9);
  const value = node.tags.percent === undefined ? tenth : Math.round(score * 100);
  return yield* matchAny(run, node, [String(value)], [run.text(node.values[0])], spam === undefined ? 0 : 1);
}

const DEFAULT_SECONDS = 7 * 86_400;
const MAX_SECONDS = 30 * 86_400;
const DUPLICATE_TAGS: readonly TagDefinition[] = [
  { name: 'handle', of: ['duplicate'], value: 'string' },
  { name: 'header', of: ['duplicate'], value: 'string', group: 'id' },
  { name: 'uniqueid', of: ['duplicate'], value: 'string', group: 'id' },
  { name: 'seconds', of: ['duplicate'], value: 'number' },
  { name: 'last', of: ['duplicate'] },
];

export const DUPLICATE: Extension = {
  rfc: 7352,
  capabilities: ['duplicate'],
  tests: [
    {
      name: 'duplicate',
      capabilities: ['duplicate'],
      *run(run, { tags }): Steps<boolean> {
        const id = uniqueId(run, tags);
        const wanted = typeof tags.seconds === 'number' ? tags.seconds : DEFAULT_SECONDS;
        if (id === undefined || id === '' || wanted === 0) return false;
        const handle = tags.handle === undefined ? '' : run.text(tags.handle);
        const seconds = Math.min(wanted, MAX_SECONDS);
        run.actions.remember({ handle, id, seconds, isRenewed: tags.last !== undefined });
        return yield* answered(run.environment.memory.hasSeen(handle, id));
      },
    },
  ],
  tags: DUPLICATE_TAGS,
};

function uniqueId(run: Run, tags: Node['tags']): string | undefined {
  if (tags.uniqueid !== undefined) return run.text(tags.uniqueid);
  const name = tags.header === undefined ? 'message-id' : run.text(tags.header);
  const [raw] = rawFields(run.message.header, name);
  return raw && fieldText(raw);
}
