/** What an account shares. */
import { NO_RIGHTS } from '../../mailbox/model/rights.ts';
import type { SeenRow } from '../../mailbox/model/seen.ts';
import type { Identity, ShareRow } from '../../mailbox/model/shares.ts';

export class ShareRows {
  readonly #shares = new Map<string, ShareRow>();
  readonly #seen = new Map<string, SeenRow>();

  get shares(): readonly ShareRow[] {
    const rows = [...this.#shares.values()];
    return rows.sort((a, b) => a.mailbox - b.mailbox || (a.identity < b.identity ? -1 : 1));
  }

  get seen(): readonly SeenRow[] {
    const rows = [...this.#seen.values()];
    return rows.sort((a, b) => a.mailbox - b.mailbox || a.reader - b.reader || a.page - b.page);
  }

  isSharedWith(identities: readonly Identity[]): boolean {
    return this.shares.some(({ identity }) => identities.includes(identity));
  }

  put({ mailbox, identity, rights }: ShareRow): void {
    const key = `${mailbox} ${identity}`;
    if (rights === NO_RIGHTS) this.#shares.delete(key);
    else this.#shares.set(key, { mailbox, identity, rights });
  }

  putSeen({
    mailbox,
    reader,
    page,
    bits,
  }: Omit<SeenRow, 'bits'> & { readonly bits: Buffer | undefined }): void {
    const key = `${mailbox} ${reader} ${page}`;
    if (bits === undefined) this.#seen.delete(key);
    else this.#seen.set(key, { mailbox, reader, page, bits: Buffer.from(bits) });
  }
}
