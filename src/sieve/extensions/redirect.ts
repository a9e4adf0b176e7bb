/** The action `redirect` (RFC 5228 §4.2) with what other extensions add to it: `:copy`, `:list`, and the parameters of RFC 6009. */
import { HeaderBlock } from '../../mail/header.ts';
import type { CommandNode, Node, Value } from '../compile/script.ts';
import type { RedirectOptions } from '../effects.ts';
import { fieldAddresses, rawFields, readAddress, wholeAddress, writtenAddress } from '../message/fields.ts';
import { headerPieces } from '../message/header-edit.ts';
import type { MessageView } from '../message/view.ts';
import { RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';
import { answered, type Steps } from '../run/steps.ts';
import { inboxTarget } from '../run/target.ts';

export function* redirect(run: Run, { tags, values }: CommandNode): Steps<void> {
  const named = run.text(values[0]);
  const isList = tags.list !== undefined;
  const members = isList ? yield* membersOf(run, named) : undefined;
  const address = isList ? named : addressOf(named);
  const why = yield* whyNotSentOn(run);
  if (why !== undefined) {
    run.note(`the message is not sent on to ${address}: ${why}`);
    if (tags.copy === undefined) keepHere(run);
    return;
  }
  run.actions.add({
    kind: 'redirect',
    address,
    ...(members !== undefined && { members }),
    options: optionsOf(run, tags),
    edition: run.message.forwardedEdition,
    origin: run.origin,
  });
  if (tags.copy === undefined) run.actions.cancelKeep();
}

/** What would come back, and what would make us look like a sender of junk, stays. */
function* whyNotSentOn(run: Run): Steps<string | undefined> {
  const { environment, message } = run;
  if (environment.verdict.isJunk === true) return 'it is junk';
  if (hasOtherAuthor(message)) return 'a rule has changed who it is from';
  const isChanged = saysSomethingElse(message);
  const claimed = yield* answered(environment.verdict.claimedAuthor?.(isChanged));
  if (claimed !== undefined && isChanged) return `a rule has changed what somebody of ${claimed} has written`;
  if (claimed !== undefined) return `nothing proves that it is from ${claimed}`;
  const loops = rawFields(message.original.header, 'x-loop').flatMap(fieldAddresses);
  const own = loops
    .map((one) => wholeAddress(one).toLowerCase())
    .find((one) => environment.addresses.includes(one));
  return own === undefined ? undefined : `it was sent on by ${own} before`;
}

/** It would leave in a name that nobody has asked about: whoever sends is asked (RFC 6409 §6.1). */
function hasOtherAuthor({ original, forwardedEdition }: MessageView): boolean {
  if (forwardedEdition === undefined) return false;
  const before = original.header.all('from');
  const after = new HeaderBlock(forwardedEdition.header).all('from');
  return before.length !== after.length || before.some((value, i) => !value.equals(after[i] as Buffer));
}

/** Another body, or other fields than notes for machines in front: not what its author has written, whatever proves who that is. */
function saysSomethingElse({ original, forwardedEdition }: MessageView): boolean {
  if (forwardedEdition === undefined) return false;
  const { header, body } = forwardedEdition;
  const before = original.header.bytes;
  const inFront = header.length - before.length;
  if (body !== undefined || inFront < 0 || !header.subarray(inFront).equals(before)) return true;
  return headerPieces(header.subarray(0, inFront)).fields.some(({ name }) => !name.startsWith('x-'));
}

/** Whatever the script goes on to say. */
function keepHere(run: Run): void {
  const { origin, message } = run;
  const target = inboxTarget(run, {});
  run.actions.add({ kind: 'keep', target, edition: message.edition, isImplicit: false, origin });
  run.actions.cancelKeep();
}

function addressOf(text: string): string {
  const address = readAddress(text);
  if (address === undefined) throw new RunFault(`"${text.slice(0, 100)}" is no mail address`);
  return writtenAddress({ ...address, domain: address.domain.toLowerCase() });
}

/** RFC 6134 §2.5. */
function* membersOf(run: Run, name: string): Steps<readonly string[]> {
  const members = yield* answered(run.environment.lists.members(name));
  if (members === undefined)
    throw new RunFault(`there is no list "${name.slice(0, 100)}" that mail can be sent to`);
  if (members.length > run.limits.listMembers)
    throw new RunFault(`the list "${name}" has more than ${run.limits.listMembers} members`);
  return members.map(addressOf);
}

/** What RFC 3461 §4.1 and §4.3 and RFC 2852 §4 take. */
export const NOTIFY_WORDS = /^(?:never|(?:success|failure|delay)(?:,(?:success|failure|delay))*)$/i;
export const RET_WORDS = /^(?:full|hdrs)$/i;
export const MODE_WORDS = /^(?:notify|return)$/i;

/** One that was not known when the script was checked is looked at here. In capitals. */
function word(run: Run, value: Value, tag: string, form: RegExp): string {
  const text = run.text(value);
  if (!form.test(text)) throw new RunFault(`"${text.slice(0, 100)}" is nothing that ":${tag}" can be`);
  return text.toUpperCase();
}

/** RFC 6009 §4, §6. */
function optionsOf(run: Run, tags: Node['tags']): RedirectOptions {
  const { notify, ret, bytimerelative, bytimeabsolute, bymode, bytrace } = tags;
  const at = bytimeabsolute === undefined ? undefined : run.text(bytimeabsolute);
  if (at !== undefined && Number.isNaN(Date.parse(at)))
    throw new RunFault(`"${at.slice(0, 100)}" is no date and time`);
  return {
    ...(notify !== undefined && { notify: word(run, notify, 'notify', NOTIFY_WORDS) }),
    ...(ret !== undefined && { ret: word(run, ret, 'ret', RET_WORDS) }),
    ...(typeof bytimerelative === 'number' && { byTime: { seconds: bytimerelative } }),
    ...(at !== undefined && { byTime: { at } }),
    ...(bymode !== undefined && { byMode: word(run, bymode, 'bymode', MODE_WORDS) }),
    ...(bytrace !== undefined && { byTrace: true }),
  };
}
