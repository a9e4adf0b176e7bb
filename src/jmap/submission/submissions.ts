/** EmailSubmission/get, /changes, /query, /queryChanges, /set (RFC 8621 §7). */
import type { OutgoingId } from '../../mailbox/model/outgoing.ts';
import { takeBack } from '../../mailbox/operations/take-back.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { writeSubmission } from '../../submission/submission-record.ts';
import { list, mapOf, object, optional, text } from '../core/arguments.ts';
import {
  belongingChanges,
  belongingId,
  belongingOfId,
  belongingState,
  changedSince,
  expectedState,
} from '../core/belonging-state.ts';
import { MethodError, SetError } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { namedResult, standardQuery } from '../core/standard-query.ts';
import { standardQueryChanges } from '../core/standard-query-changes.ts';
import { eachByItself, type SetOutcome, standardSet } from '../core/standard-set.ts';
import { type ReadAll, readerOf } from './all-submissions.ts';
import { SUBMISSION } from './capability.ts';
import type { IdentityMethods } from './identities.ts';
import { type Listed, submissionQuery } from './submission-query.ts';
import type { SubmissionValue } from './submission-value.ts';
import { type Submitting, submit } from './submit.ts';
import { bringUpToDate } from './up-to-date.ts';

const KIND = 'submission';
const PROPERTIES = [
  ...['id', 'identityId', 'emailId', 'threadId', 'envelope', 'sendAt', 'undoStatus', 'deliveryStatus'],
  ...['dsnBlobIds', 'mdnBlobIds'],
];
const EXTRA = { onSuccessUpdateEmail: optional(mapOf(object)), onSuccessDestroyEmail: optional(list(text)) };

const get = (readAll: ReadAll): Method =>
  standardGet({
    type: 'EmailSubmission',
    capability: SUBMISSION,
    properties: PROPERTIES,
    arguments: {},
    async find({ account, call, ids, properties }) {
      const { all, then } = await readAll(call, account);
      const byId = new Map(all.map((one) => [belongingId(KIND, one.id), one]));
      const wanted = ids ?? [...byId.keys()];
      if (wanted.length > call.limits.maxObjectsInGet) throw new MethodError('requestTooLarge');
      const found = wanted.flatMap((name) => byId.get(name) ?? []);
      return {
        state: then.state,
        list: found.map((one) => objectOf(one, properties)),
        notFound: wanted.filter((name) => !byId.has(name)),
      };
    },
  });

const changes = standardChanges({
  type: 'EmailSubmission',
  capability: SUBMISSION,
  async find({ account, call, sinceState, maxChanges }) {
    await bringUpToDate(call.domain, account);
    return belongingChanges(call, account, { kind: KIND, sinceState, maxChanges });
  },
});

const query = (readAll: ReadAll): Method =>
  standardQuery({
    type: 'EmailSubmission',
    capability: SUBMISSION,
    arguments: {},
    async find({ account, call, filter, sort }) {
      const { all, then } = await readAll(call, account);
      const ids = submissionQuery(all, filter, sort, call.limits).map((one) => belongingId(KIND, one.id));
      return namedResult(ids, { queryState: then.state, canCalculateChanges: true });
    },
  });

/** Whatever the filter goes by, what has another value for it has changed: all of these leave, and those that fit come again. */
const queryChanges = (readAll: ReadAll): Method =>
  standardQueryChanges({
    type: 'EmailSubmission',
    capability: SUBMISSION,
    arguments: {},
    async find({ account, call, filter, sort, sinceQueryState }) {
      const { all, then } = await readAll(call, account);
      const rows = changedSince(call, account, KIND, { then, state: sinceQueryState });
      if (rows === undefined) return undefined;
      const changed = new Set(rows.map((row) => row.id));
      const found = submissionQuery(all, filter, sort, call.limits);
      const added = found.flatMap((one, index) =>
        changed.has(one.id) ? [{ id: belongingId(KIND, one.id), index }] : [],
      );
      const removed = [...changed].map((one) => belongingId(KIND, one));
      return { newQueryState: then.state, total: found.length, removed, added };
    },
  });

function set(submitting: Submitting, identities: IdentityMethods, readAll: ReadAll): Method {
  return standardSet({
    type: 'EmailSubmission',
    capability: SUBMISSION,
    arguments: EXTRA,
    async state(account, call) {
      await bringUpToDate(call.domain, account);
      return belongingState(call, account, KIND);
    },
    async apply(request) {
      const { account, call, args } = request;
      const expected = expectedState(account, KIND, request.ifInState);
      const emails = new Map<string, string>();
      const outcome = await eachByItself(request, {
        async create(object, creationId) {
          const patch = args.onSuccessUpdateEmail?.get(`#${creationId}`);
          const made = await submit(submitting, identities, call, account, { object, patch, expected });
          expected.done();
          emails.set(made.id, made.emailId);
          return made.answer;
        },
        async update(name, patch) {
          const one = await known(readAll, call, account, name);
          emails.set(name, one.value.emailId);
          await update(call, account, { one, patch, check: expected.check });
          expected.done();
          return null;
        },
        async destroy(name) {
          const one = await known(readAll, call, account, name);
          emails.set(name, one.value.emailId);
          await call.domain.turns.run({
            account,
            run: (change) => {
              expected.check();
              change.belongings.drop(one.id);
              // It leaves all the same (RFC 8621 §7.5), and has to leave the mailbox of what is scheduled then.
              if (one.value.undoStatus === 'pending')
                change.belongings.add('departure', writeSubmission(one.value));
            },
          });
          expected.done();
        },
      });
      const { onSuccessUpdateEmail, onSuccessDestroyEmail } = args;
      if (onSuccessUpdateEmail !== undefined || onSuccessDestroyEmail !== undefined)
        afterwards(call, { emails, outcome, onSuccessUpdateEmail, onSuccessDestroyEmail });
      return outcome;
    },
  });
}

export function submissionMethods(submitting: Submitting, identities: IdentityMethods): readonly Method[] {
  const readAll = readerOf(identities);
  return [get(readAll), changes, query(readAll), queryChanges(readAll), set(submitting, identities, readAll)];
}

async function known(readAll: ReadAll, call: Call, account: AccountState, name: string): Promise<Listed> {
  const number = belongingOfId(KIND, name);
  const { all } = await readAll(call, account);
  const one = all.find(({ id: wanted }) => wanted === number);
  if (one === undefined) throw new SetError('notFound');
  return one;
}

/** Only taking back is a change (RFC 8621 §7.5): in one change the queue has nothing more of it, and this says so. */
async function update(
  call: Call,
  account: AccountState,
  {
    one: { id: number, value },
    patch,
    check,
  }: { readonly one: Listed; readonly patch: JsonObject; readonly check: () => void },
): Promise<void> {
  const wrong = Object.keys(patch).filter((name) => name !== 'undoStatus');
  if (wrong.length > 0)
    throw new SetError('invalidProperties', 'cannot be changed', { properties: wrong.slice(0, 50) });
  if (patch.undoStatus === undefined || patch.undoStatus === value.undoStatus) return;
  if (patch.undoStatus !== 'canceled')
    throw new SetError('invalidProperties', 'it can become canceled, and nothing else', {
      properties: ['undoStatus'],
    });
  const canceled: SubmissionValue = { ...value, undoStatus: 'canceled', delivery: {} };
  const isDone = await takeBack(call.domain, account, value.outgoing as OutgoingId, {
    // Who has sent it over JMAP says where it is to be; of what a program has sent nobody does.
    staysWhereItIs: value.program === undefined,
    also: (change) => {
      check();
      change.belongings.replace(number, writeSubmission(canceled));
    },
  });
  if (!isDone) throw new SetError('cannotUnsend', 'the message is on its way');
}

interface Wishes {
  readonly emails: ReadonlyMap<string, string>;
  readonly outcome: SetOutcome;
  readonly onSuccessUpdateEmail: ReadonlyMap<string, JsonObject> | undefined;
  readonly onSuccessDestroyEmail: readonly string[] | undefined;
}

/** One Email/set, also when nothing is left to do (RFC 8621 §7.5): what a submission wanted of its email is done with it. */
function afterwards(
  call: Call,
  { emails, outcome, onSuccessUpdateEmail, onSuccessDestroyEmail }: Wishes,
): void {
  const done = new Set([
    ...[...outcome.created.values()].map((one) => one.id),
    ...outcome.updated.keys(),
    ...outcome.destroyed,
  ]);
  const emailOf = (name: string): string | undefined => {
    const submission = call.created.resolve(name);
    return submission !== undefined && done.has(submission) ? emails.get(submission) : undefined;
  };
  const patches: Record<string, JsonObject> = {};
  for (const [name, patch] of onSuccessUpdateEmail ?? []) {
    const email = emailOf(name);
    if (email !== undefined) patches[email] = { ...patches[email], ...patch };
  }
  const destroy = [...new Set((onSuccessDestroyEmail ?? []).flatMap((name) => emailOf(name) ?? []))];
  const [accountId] = [`a${call.record.id}`];
  call.afterwards('Email/set', { accountId, update: patches, destroy });
}

function objectOf({ id: number, value }: Listed, properties: ReadonlySet<string>): JsonObject {
  return picked(properties, {
    id: () => belongingId(KIND, number),
    identityId: () => value.identityId,
    emailId: () => value.emailId,
    threadId: () => value.threadId,
    envelope: () => value.envelope,
    sendAt: () => new Date(value.sendAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    undoStatus: () => value.undoStatus,
    deliveryStatus: () =>
      Object.fromEntries(
        Object.entries(value.delivery).map(([address, one]) => [address, { ...one, displayed: 'unknown' }]),
      ),
    dsnBlobIds: () => [],
    mdnBlobIds: () => [],
  });
}
