/** A script as a blob (RFC 9661 §2): `s3-` and the beginning of the hash of its text, so that another text is another blob. */
import type { Domain } from '../../mailbox/domain.ts';
import type { ScriptRow } from '../../mailbox/model/rules.ts';
import { readScript } from '../../mailbox/operations/scripts.ts';
import type { AccountState } from '../../mailbox/state/account.ts';

const HASH_LETTERS = 32;

export const scriptBlobId = ({ id, hash }: Pick<ScriptRow, 'id' | 'hash'>): string =>
  `s${id}-${hash.slice(0, HASH_LETTERS)}`;

/** Undefined when there is no script of that text any more. */
export async function findScriptBlob(
  domain: Domain,
  account: AccountState,
  blobId: string,
): Promise<Buffer | undefined> {
  const script = account.scripts.find((one) => scriptBlobId(one) === blobId);
  return script && readScript(domain, account, script);
}
