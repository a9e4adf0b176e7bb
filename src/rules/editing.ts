/**
 * Scripts as people write them: read through and judged before they are kept, for every way in which they can be edited. What
 * is not one is refused with the line, and nothing has changed.
 */
import type { Domain } from '../mailbox/domain.ts';
import type { ScriptRow } from '../mailbox/model/rules.ts';
import { findMailbox } from '../mailbox/operations/mailboxes.ts';
import {
  checkScriptRoom,
  putScript,
  type ScriptLimits,
  type ScriptName,
} from '../mailbox/operations/scripts.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { CommandNode, Script, Warning } from '../sieve/compile/script.ts';
import type { Limits } from '../sieve/run/limits.ts';
import type { Compiler } from './compiler.ts';

export interface Editing {
  readonly compiler: Compiler;
  readonly limits: ScriptLimits;
  /** What a script that is stored may take when it is run. */
  readonly runLimits: Limits;
}

const MAX_WARNINGS = 20;

/** What its author may want to know of a script that is one. Throws `ScriptError`; MailboxError `too-big`. */
export async function judgeScript(
  { compiler, limits }: Editing,
  account: AccountState,
  name: ScriptName,
  text: Buffer,
): Promise<readonly Warning[]> {
  // What cannot be kept is not worth the reading.
  checkScriptRoom(account, name, text.length, limits);
  const script = await compiler.compile(text, name.name);
  return [...script.warnings, ...missingMailboxes(script, account)].slice(0, MAX_WARNINGS);
}

/** Throws as `judgeScript` and `putScript`. */
export async function editScript(
  domain: Domain,
  editing: Editing,
  account: AccountState,
  name: ScriptName,
  text: Buffer,
): Promise<{ readonly row: ScriptRow; readonly warnings: readonly Warning[] }> {
  const warnings = await judgeScript(editing, account, name, text);
  const row = await putScript(domain, account, name, text, editing.limits);
  return { row, warnings };
}

/** `fileinto` a constant name that there is not, and that is not made. */
function missingMailboxes({ commands }: Script, account: AccountState): Warning[] {
  const warnings: Warning[] = [];
  const all: CommandNode[] = [...commands];
  for (let next = all.pop(); next !== undefined; next = all.pop()) {
    const { name, tags, values, place, block } = next;
    for (const one of block) all.push(one);
    const [mailbox] = values;
    if (name !== 'fileinto' || typeof mailbox !== 'string') continue;
    if (tags.create !== undefined || tags.specialuse !== undefined || tags.mailboxid !== undefined) continue;
    if (!isThere(account, mailbox))
      warnings.push({ reason: `there is no mailbox "${mailbox}"; until there is, it is INBOX`, place });
  }
  return warnings.sort((a, b) => a.place.line - b.place.line);
}

function isThere(account: AccountState, name: string): boolean {
  try {
    return findMailbox(account, name) !== undefined;
  } catch {
    return false;
  }
}
