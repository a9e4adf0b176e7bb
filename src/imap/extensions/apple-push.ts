/**
 * XAPPLEPUSHSERVICE: an iPhone says by which token Apple reaches it, and of which mailboxes it wants to be told; a daemon of the
 * administrator's, which has the certificate, is told of new mail there (`apple-push/`). Only where the configuration names both.
 *
 * A mailbox that is not there, or that this person may not read, is left out of the answer, and so is not watched. Those of others are
 * watched for as long as he may read them.
 */
import { createHash } from 'node:crypto';
import { DEVICE_LIMITS, type DeviceWish } from '../../mailbox/model/devices.ts';
import { registerDevice } from '../../mailbox/operations/devices.ts';
import type { Place } from '../../mailbox/operations/visiting.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { SessionContext } from '../context.ts';
import { defineExtension } from '../extension.ts';
import { no, ok } from '../replies.ts';
import { type ApplePushArgs, applePushArgs } from '../wire/apple-push-args.ts';
import { end } from '../wire/grammar.ts';

const NAME = 'XAPPLEPUSHSERVICE';
const VERSION = 2;
/** Other programs than Mail have protocols of their own. */
const SUBTOPIC = 'com.apple.mobilemail';

interface Wanted {
  readonly place: Place;
  readonly supplied: string;
}

const applePushService = defineCommand({
  name: NAME,
  states: SIGNED_IN,
  needsNoMessages: true,
  parse(c) {
    const args = applePushArgs(c);
    end(c);
    return args;
  },
  async run({ session }, args) {
    if (Number(args.version) < VERSION) return no('Only version 2 is spoken here', 'CANNOT');
    if (args.subtopic !== SUBTOPIC) return no(`Only ${SUBTOPIC} is told of mail`, 'CANNOT');
    const watched = await register(session, args);
    const { out, settings } = session;
    for (const { name } of watched) out.ascii(`* ${NAME} mailbox `).mailbox(name).crlf();
    out
      .ascii(`* ${NAME} aps-version "${VERSION}" aps-topic `)
      .string(settings.applePushTopic ?? '')
      .crlf();
    return ok(`${NAME} completed`);
  },
});

/** Those that are watched from here on; of the own account none but these. */
async function register(session: SessionContext, args: ApplePushArgs): Promise<ApplePushArgs['mailboxes']> {
  const { own } = session.reach;
  const byAccount = new Map<AccountState, Wanted[]>([[own, []]]);
  for (const { name, supplied } of args.mailboxes) {
    const place = await session.reach.find(name);
    if (place?.may('l') !== true || !place.may('r')) continue;
    const there = byAccount.get(place.account) ?? [];
    byAccount.set(place.account, [...there, { place, supplied }]);
  }
  const watched = new Set<string>();
  const { accountKey, token, subtopic } = args;
  for (const [account, wanted] of byAccount) {
    const [first] = wanted;
    const isTaken = await registerDevice(
      first?.place.acting(session.domain, 'r') ?? session.domain,
      account,
      {
        ...{ reader: own.id, credential: session.credential, accountKey, token, subtopic },
        wishes: wanted.map(wishOf),
        expiresMs: session.domain.clock.nowMs() + DEVICE_LIMITS.ageMs,
      },
    );
    if (isTaken) for (const { supplied } of wanted) watched.add(supplied);
  }
  return args.mailboxes.filter(({ supplied }) => watched.has(supplied));
}

function wishOf({ place, supplied }: Wanted): DeviceWish {
  return { mailbox: place.mailbox.id, digest: createHash('md5').update(supplied).digest('hex') };
}

export const applePush = defineExtension({
  rfc: 'XAPPLEPUSHSERVICE of iOS',
  capabilities: () => [NAME],
  commands: [applePushService],
});
