/**
 * Whether what is asked about mail from the world answers: rspamd, and each list of addresses, by the entries that every list has for
 * this (RFC 5782 §5): 127.0.0.2 is on it, 127.0.0.1 never.
 */
import type { Answer } from '../../dns/answer.ts';
import { reversedLabels } from '../../dns/reverse.ts';
import { type BlockList, parseBlockLists } from '../../spam/block-list.ts';
import { fail, type Outcome, ok, warn } from '../finding.ts';
import type { Check, World } from '../world.ts';

const ALWAYS = '127.0.0.2';
const NEVER = '127.0.0.1';
/** By which lists say that they do not answer whoever asks. */
const REFUSAL = /^127\.255\.255\./;

export const filters: Check = {
  name: 'filters',
  async run(world) {
    const { rspamd, dnsbl } = world.config;
    const lists = parseBlockLists(dnsbl.lists);
    const outcomes: Outcome[] = [];
    if (rspamd.url !== '') outcomes.push(await lookAtRspamd(world, rspamd.url, 'rspamd.url'));
    if (rspamd.controllerUrl !== '')
      outcomes.push(await lookAtRspamd(world, rspamd.controllerUrl, 'rspamd.controller_url'));
    if (lists === undefined)
      outcomes.push(
        fail({
          ...{ subject: 'dnsbl.lists', seen: dnsbl.lists, expected: 'lists that can be read' },
          remedy: 'write each as NAME=127.0.0.[2..11]*3; what stands behind the name may be left out',
        }),
      );
    return [...outcomes, ...(await Promise.all((lists ?? []).map((list) => lookAtList(world, list))))];
  },
};

async function lookAtRspamd({ web }: World, url: string, option: string): Promise<Outcome> {
  const seen = await web(new URL('/ping', url).href);
  const found = { subject: `rspamd ${url}`, expected: 'an answer' };
  if (seen.kind === 'answered' && seen.status === 200) return ok({ ...found, seen: 'answers' });
  return fail({
    ...found,
    seen: seen.kind === 'failed' ? seen.why : `HTTP ${seen.status}`,
    remedy: `start rspamd, or give ${option} where it listens; until then mail comes in unseen by it`,
  });
}

async function lookAtList({ dns }: World, { zone, weight }: BlockList): Promise<Outcome> {
  const [always, never] = await Promise.all(
    [ALWAYS, NEVER].map((address) => dns.ask(`${reversedLabels(address)}.${zone}`, 'A')),
  );
  return judgeList(zone, weight, { always: always as Answer<'A'>, never: never as Answer<'A'> });
}

export function judgeList(
  zone: string,
  weight: number,
  { always, never }: { readonly always: Answer<'A'>; readonly never: Answer<'A'> },
): Outcome {
  const found = { subject: `list ${zone}`, expected: `${ALWAYS} on it and ${NEVER} not` };
  if (never.kind === 'found')
    return fail({
      ...found,
      seen: `${NEVER} is on it, and so is everybody`,
      remedy: 'take it out of dnsbl.lists: it is broken or gone, and left out until it is mended',
    });
  if (always.kind === 'found' && always.records.some((one) => REFUSAL.test(one)))
    return fail({
      ...found,
      seen: `it does not answer this resolver (${always.records.join(', ')})`,
      remedy: 'ask by a resolver of your own (dns.servers), and read the terms of the list',
    });
  if (always.kind === 'found') return ok({ ...found, seen: 'both' });
  // Lists of good senders need not have it.
  if (weight < 0 && !('detail' in always)) return ok({ ...found, seen: 'nobody who should not be on it' });
  return warn({
    ...found,
    seen: 'detail' in always ? always.detail : `${ALWAYS} is not on it`,
    remedy: 'see whether the list is still there and answers your resolver; until it does it says nothing',
  });
}
