/**
 * QUOTA (RFC 9208): one root, "", for all mailboxes of an account. Limits are set by the administrator, so SETQUOTA is
 * known but never permitted, and QUOTASET is not announced.
 *
 * A resource without limit is left out: clients read a limit of 0 as "full".
 */
import { FLAG } from '../../mail/flags.ts';
import { quotaOf } from '../../mailbox/operations/quota.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { Call } from '../context.ts';
import { defineExtension } from '../extension.ts';
import type { StatusItem } from '../item.ts';
import { no, ok } from '../replies.ts';
import { quotaLimits } from '../wire/account-args.ts';
import { astring, end, sp } from '../wire/grammar.ts';
import { spSuppliedMailbox } from '../wire/mailbox.ts';

const ROOT = '';
/** RFC 9208 §5.1: STORAGE is counted in units of 1024 octets. */
const UNIT_BYTES = 1024;

const getQuota = defineCommand({
  name: 'GETQUOTA',
  states: SIGNED_IN,
  parse(c) {
    sp(c);
    const root = astring(c, 'a quota root').toString('latin1');
    end(c);
    return root;
  },
  run(call, root) {
    if (root !== ROOT) return no('There is no such quota root', 'NONEXISTENT');
    writeQuota(call);
    return ok('GETQUOTA completed');
  },
});

const getQuotaRoot = defineCommand({
  name: 'GETQUOTAROOT',
  states: SIGNED_IN,
  parse(c) {
    const { name } = spSuppliedMailbox(c);
    end(c);
    return name;
  },
  /** The mailbox need not exist (RFC 9208 §4.1.2). */
  run(call, name) {
    call.session.out.ascii('* QUOTAROOT ').mailbox(name).ascii(' ""').crlf();
    writeQuota(call);
    return ok('GETQUOTAROOT completed');
  },
});

const setQuota = defineCommand({
  name: 'SETQUOTA',
  states: SIGNED_IN,
  parse(c) {
    sp(c);
    astring(c, 'a quota root');
    quotaLimits(c);
    end(c);
  },
  run: () => no('Only the administrator changes quotas', 'NOPERM'),
});

const deletedStorage: StatusItem = {
  name: 'DELETED-STORAGE',
  needsList: (mailbox) => mailbox.deleted > 0,
  write(out, { deleted, list }) {
    let bytes = 0;
    if (deleted > 0 && list !== undefined) {
      const { flags, size } = list.columns;
      for (let row = 0; row < list.count; row++) {
        if (((flags[row] as number) & FLAG.Deleted) !== 0) bytes += size[row] as number;
      }
    }
    out.number(bytes);
  },
};

export const quota = defineExtension({
  rfc: 'RFC 9208 QUOTA',
  capabilities: () => ['QUOTA', 'QUOTA=RES-STORAGE', 'QUOTA=RES-MESSAGE', 'QUOTA=RES-MAILBOX'],
  commands: [getQuota, getQuotaRoot, setQuota],
  statusItems: [deletedStorage],
});

function writeQuota({ session, state }: Call<'authenticated' | 'selected'>): void {
  const { used, limits } = quotaOf(state.account);
  const limited: string[] = [];
  if (limits.bytes !== undefined) limited.push(`STORAGE ${units(used.bytes)} ${units(limits.bytes)}`);
  if (limits.messages !== undefined) limited.push(`MESSAGE ${used.messages} ${limits.messages}`);
  if (limits.mailboxes !== undefined) limited.push(`MAILBOX ${used.mailboxes} ${limits.mailboxes}`);
  // RFC 9208 §7: the list has at least one resource, so without limits there is nothing to say.
  if (limited.length > 0) session.out.ascii(`* QUOTA "" (${limited.join(' ')})`).crlf();
}

function units(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES);
}
