/**
 * The list of what is registered. One line each; the order is that of CAPABILITY.
 */
import { appendLimit } from './extensions/append-limit.ts';
import { children } from './extensions/children.ts';
import { condstore } from './extensions/condstore.ts';
import { enableExtension } from './extensions/enable.ts';
import { idExtension } from './extensions/id.ts';
import { idleExtension } from './extensions/idle.ts';
import { imap4 } from './extensions/imap4.ts';
import { listExtended } from './extensions/list-extended.ts';
import { listStatus } from './extensions/list-status.ts';
import { literalPlus } from './extensions/literal-plus.ts';
import { namespaceExtension } from './extensions/namespace.ts';
import { qresync } from './extensions/qresync.ts';
import { quota } from './extensions/quota.ts';
import { saslIr } from './extensions/sasl-ir.ts';
import { specialUse } from './extensions/special-use.ts';
import { statusSize } from './extensions/status-size.ts';
import { unselectExtension } from './extensions/unselect.ts';
import { utf8Accept } from './extensions/utf8-accept.ts';
import { Registry } from './registry.ts';

export function makeRegistry(): Registry {
  return new Registry([
    imap4,
    literalPlus,
    saslIr,
    idExtension,
    enableExtension,
    namespaceExtension,
    idleExtension,
    unselectExtension,
    children,
    listExtended,
    listStatus,
    specialUse,
    statusSize,
    condstore,
    qresync,
    utf8Accept,
    appendLimit,
    quota,
  ]);
}
