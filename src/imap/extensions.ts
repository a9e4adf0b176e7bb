/**
 * The list of what is registered. One line each; the order is that of CAPABILITY.
 */
import { acl } from './extensions/acl.ts';
import { appendLimit } from './extensions/append-limit.ts';
import { applePush } from './extensions/apple-push.ts';
import { binary } from './extensions/binary.ts';
import { catenate } from './extensions/catenate.ts';
import { children } from './extensions/children.ts';
import { comparator } from './extensions/comparator.ts';
import { compress } from './extensions/compress.ts';
import { condstore } from './extensions/condstore.ts';
import { searchContext } from './extensions/context.ts';
import { enableExtension } from './extensions/enable.ts';
import { esearch } from './extensions/esearch.ts';
import { filters } from './extensions/filters.ts';
import { fuzzy } from './extensions/fuzzy.ts';
import { gmail } from './extensions/gmail.ts';
import { idExtension } from './extensions/id.ts';
import { idleExtension } from './extensions/idle.ts';
import { imapSieve } from './extensions/imap-sieve.ts';
import { imap4 } from './extensions/imap4.ts';
import { imap4Messages } from './extensions/imap4-messages.ts';
import { inProgress } from './extensions/in-progress.ts';
import { jmapAccess } from './extensions/jmap-access.ts';
import { language } from './extensions/language.ts';
import { listExtended } from './extensions/list-extended.ts';
import { listStatus } from './extensions/list-status.ts';
import { literalPlus } from './extensions/literal-plus.ts';
import { messageLimit } from './extensions/message-limit.ts';
import { metadata } from './extensions/metadata.ts';
import { move } from './extensions/move.ts';
import { multiAppend } from './extensions/multi-append.ts';
import { multiSearch } from './extensions/multi-search.ts';
import { namespaceExtension } from './extensions/namespace.ts';
import { notify } from './extensions/notify.ts';
import { objectId } from './extensions/object-id.ts';
import { partial } from './extensions/partial.ts';
import { preview } from './extensions/preview.ts';
import { qresync } from './extensions/qresync.ts';
import { quota } from './extensions/quota.ts';
import { replace } from './extensions/replace.ts';
import { saslIr } from './extensions/sasl-ir.ts';
import { saveDate } from './extensions/save-date.ts';
import { searchRes } from './extensions/searchres.ts';
import { sort } from './extensions/sort.ts';
import { specialUse } from './extensions/special-use.ts';
import { statusSize } from './extensions/status-size.ts';
import { thread } from './extensions/thread.ts';
import { uidBatches } from './extensions/uid-batches.ts';
import { uidOnly } from './extensions/uid-only.ts';
import { uidPlus } from './extensions/uidplus.ts';
import { unauthenticate } from './extensions/unauthenticate.ts';
import { unselectExtension } from './extensions/unselect.ts';
import { urlAuth } from './extensions/urlauth.ts';
import { utf8Accept } from './extensions/utf8-accept.ts';
import { within } from './extensions/within.ts';
import { Registry } from './registry.ts';
import type { ImapSettings } from './settings.ts';

/** What the settings leave out is not known at all. */
export function makeRegistry(settings: Pick<ImapSettings, 'offersGmail' | 'applePushTopic'>): Registry {
  return new Registry([
    imap4,
    imap4Messages,
    literalPlus,
    saslIr,
    idExtension,
    enableExtension,
    jmapAccess,
    namespaceExtension,
    language,
    idleExtension,
    unselectExtension,
    unauthenticate,
    compress,
    inProgress,
    children,
    listExtended,
    listStatus,
    specialUse,
    metadata,
    acl,
    imapSieve,
    statusSize,
    uidPlus,
    uidBatches,
    move,
    multiAppend,
    replace,
    catenate,
    urlAuth,
    binary,
    esearch,
    searchRes,
    partial,
    multiSearch,
    within,
    filters,
    fuzzy,
    sort,
    searchContext,
    thread,
    comparator,
    preview,
    saveDate,
    objectId,
    ...(settings.offersGmail ? [gmail] : []),
    condstore,
    qresync,
    uidOnly,
    messageLimit,
    notify,
    ...(settings.applePushTopic === undefined ? [] : [applePush]),
    utf8Accept,
    appendLimit,
    quota,
  ]);
}
