/**
 * What a person does in Thunderbird, as scripts that run inside it (`thunderbird.ts` sends them): through the parts of it that its windows
 * use as well. A step gives JSON, and ends when what it began has ended.
 */
/* global Cc, ChromeUtils, Ci, Services */
const load = (name) => ChromeUtils.importESModule(`resource:///modules/${name}.sys.mjs`);
const make = (name, type) => Cc[`@mozilla.org/${name};1`].createInstance(type);
const { MailServices } = load('MailServices');
const { FileUtils } = ChromeUtils.importESModule('resource://gre/modules/FileUtils.sys.mjs');
const win = Services.wm.getMostRecentWindow('mail:3pane');
const WAIT_MS = 30_000;

const ROLES = { Inbox: 0x1000, Trash: 0x100, Sent: 0x200, Drafts: 0x400, Archive: 0x4000, Junk: 0x40000000 };
const FOLDER_OFFLINE = 0x8000000;
const MARKS = { replied: 0x2, offline: 0x80, forwarded: 0x1000 };
const SOCKETS = { none: 0, starttls: 2, tls: 3 };

/** Looks again and again until there is something. */
async function until(what, look) {
  for (const end = Date.now() + WAIT_MS; ; ) {
    const found = await look();
    if (found !== undefined && found !== false && found !== null) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => win.setTimeout(resolve, 20));
  }
}

function server() {
  return MailServices.accounts.accounts.map((one) => one.incomingServer).find(({ type }) => type === 'imap');
}

function has(path) {
  try {
    return folder(path) !== undefined;
  } catch {
    return false;
  }
}

function folder(path) {
  const { rootFolder } = server();
  const found =
    path === ''
      ? rootFolder
      : path.split('/').reduce((parent, name) => parent?.getChildNamed(name), rootFolder);
  if (!found) throw new Error(`there is no folder ${path}`);
  return found;
}

function messages(path, subjects) {
  const all = [...folder(path).msgDatabase.enumerateMessages()];
  return subjects.map((subject) => {
    const found = all.find((one) => one.mime2DecodedSubject === subject);
    if (!found) throw new Error(`there is no message "${subject}" in ${path}`);
    return found;
  });
}

function settle(status, resolve, reject) {
  if (status === 0) resolve();
  else reject(new Error(`it ended with ${status.toString(16)}`));
}

/** The end of what tells a listener of URLs. */
function running(begin) {
  return new Promise((resolve, reject) => {
    begin({
      QueryInterface: ChromeUtils.generateQI(['nsIUrlListener']),
      OnStartRunningUrl() {},
      OnStopRunningUrl: (_url, status) => settle(status, resolve, reject),
    });
  });
}

/** The end of what tells a listener of copies. */
function copying(begin) {
  return new Promise((resolve, reject) => {
    begin({
      QueryInterface: ChromeUtils.generateQI(['nsIMsgCopyServiceListener']),
      onStartCopy() {},
      onProgress() {},
      setMessageKey() {},
      getMessageId: () => null,
      onStopCopy: (status) => settle(status, resolve, reject),
    });
  });
}

/** The account's own, or another one that sends as somebody else through the same servers. */
function identity(from) {
  const { defaultAccount } = MailServices.accounts;
  if (from === undefined) return defaultAccount.defaultIdentity;
  const other = MailServices.accounts.createIdentity();
  other.copy(defaultAccount.defaultIdentity);
  other.email = from;
  defaultAccount.addIdentity(other);
  return other;
}

/** A window to write in, with what was typed. */
function composing({ to, subject, body, attachment, from }) {
  const fields = make('messengercompose/composefields', Ci.nsIMsgCompFields);
  Object.assign(fields, { to, subject, body });
  if (attachment !== undefined) {
    const part = make('messengercompose/attachment', Ci.nsIMsgAttachment);
    part.url = Services.io.newFileURI(new FileUtils.File(attachment)).spec;
    fields.addAttachment(part);
  }
  const parameters = make('messengercompose/composeparams', Ci.nsIMsgComposeParams);
  parameters.composeFields = fields;
  parameters.type = Ci.nsIMsgCompType.New;
  parameters.format = Ci.nsIMsgCompFormat.PlainText;
  parameters.identity = identity(from);
  return new Promise((resolve) => {
    const observer = {
      observe(window) {
        Services.ww.unregisterNotification(observer);
        window.addEventListener('compose-editor-ready', () => resolve(window), { once: true });
      },
    };
    Services.ww.registerNotification(observer);
    MailServices.compose.OpenComposeWindowWithParams(null, parameters);
  });
}

// biome-ignore lint/correctness/noUnusedVariables: the scripts that this is sent with call them.
const steps = {
  trust(certificate) {
    const database = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
    database.addCertFromBase64(certificate.replace(/-----[^-]+-----|\s/g, ''), 'C,C,C');
  },

  /** What dialogs say is kept; each is answered with its second button where it asks, which is No, else with OK. */
  watchDialogs() {
    win.dialogs = [];
    Services.obs.addObserver((dialog) => {
      const { args, ui } = dialog.Dialog;
      win.dialogs.push(args.text);
      const isQuestion = ui.button1 !== undefined && !ui.button1.hidden;
      const answer = isQuestion && !win.saysYes ? ui.button1 : ui.button0;
      dialog.setTimeout(() => answer.click(), 0);
    }, 'common-dialog-loaded');
  },

  dialogs: () => win.dialogs.splice(0),

  /** As the assistant for new accounts does: looks for the settings by the address, tries them, and keeps them. */
  async addAccount(name, address, password) {
    const { FindConfig } = load('accountcreation/FindConfig');
    const finding = FindConfig.parallelAutoDiscovery(
      address.split('@')[1],
      address,
      new AbortController().signal,
      '',
      '',
    );
    let found = await finding.next();
    while (!found.done) found = await finding.next();
    const config = found.value;
    load('accountcreation/AccountConfig').AccountConfig.replaceVariables(config, name, address, password);
    const { ConfigVerifier } = load('accountcreation/ConfigVerifier');
    await new ConfigVerifier(win.msgWindow, new AbortController().signal).verifyConfig(config, false);
    const { CreateInBackend } = load('accountcreation/CreateInBackend');
    const { incomingServer } = await CreateInBackend.createAccountInBackend(config);
    incomingServer.getNewMessages(incomingServer.rootFolder, win.msgWindow, null);
    const { incoming, outgoing, subSource } = config;
    return {
      by: subSource,
      incoming: [incoming.type, incoming.port],
      outgoing: [outgoing.type, outgoing.port],
    };
  },

  /** Other ports and another security of the connections, from the next one on. */
  reach({ imap, submission, security }) {
    const incoming = server();
    incoming.closeCachedConnections();
    Object.assign(incoming, { port: imap, socketType: SOCKETS[security] });
    const outgoing = MailServices.outgoingServer.defaultServer.QueryInterface(Ci.nsISmtpServer);
    Object.assign(outgoing, { port: submission, socketType: SOCKETS[security] });
    outgoing.closeCachedConnections();
  },

  useCondstore() {
    server().closeCachedConnections();
    server().QueryInterface(Ci.nsIImapIncomingServer).useCondStore = true;
  },

  folders: () =>
    server().rootFolder.descendants.map((one) => ({
      path: decodeURIComponent(one.URI.split('/').slice(3).join('/')),
      role: Object.keys(ROLES).find((role) => one.getFlag(ROLES[role])) ?? '',
    })),

  async update(path) {
    folder(path).QueryInterface(Ci.nsIMsgImapMailFolder);
    await running((listener) => folder(path).updateFolderWithListener(win.msgWindow, listener));
  },

  headers: (path) =>
    [...folder(path).msgDatabase.enumerateMessages()].map((one) => ({
      uid: one.messageKey,
      subject: one.mime2DecodedSubject,
      author: one.mime2DecodedAuthor,
      tags: one
        .getStringProperty('keywords')
        .split(' ')
        .filter((tag) => tag.startsWith('$label'))
        .join(' '),
      marks: [
        ...(one.isRead ? ['read'] : []),
        ...(one.isFlagged ? ['flagged'] : []),
        ...Object.keys(MARKS).filter((mark) => one.flags & MARKS[mark]),
      ].join(' '),
    })),

  /** In the three panes: the folder, the message, and what is then shown of it. */
  async show(path, subject) {
    const [header] = messages(path, [subject]);
    const panes = win.document.getElementById('tabmail').currentAbout3Pane;
    panes.displayFolder(folder(path).URI);
    await until('the folder', () => panes.gDBView?.msgFolder === folder(path));
    await until('the message in the list', () => panes.gDBView.findIndexOfMsgHdr(header, true) < 0xffffffff);
    panes.selectMessage(header);
    const { contentWindow: pane } = panes.messageBrowser;
    const body = () => pane.getMessagePaneBrowser().contentDocument;
    await until(
      'the message',
      () =>
        pane.gMessage?.messageKey === header.messageKey &&
        body()?.readyState === 'complete' &&
        pane.msgLoaded,
    );
    return {
      text: body().body.textContent,
      attachments: pane.currentAttachments.map(({ name, size }) => ({ name, size })),
    };
  },

  mark(path, subjects, { read, flagged, tags = [], untag = [] }) {
    const chosen = messages(path, subjects);
    if (read !== undefined) folder(path).markMessagesRead(chosen, read);
    if (flagged !== undefined) folder(path).markMessagesFlagged(chosen, flagged);
    if (tags.length > 0) folder(path).addKeywordsToMessages(chosen, tags.join(' '));
    if (untag.length > 0) folder(path).removeKeywordsFromMessages(chosen, untag.join(' '));
  },

  copy: (from, subjects, to, isMove = false) =>
    copying((listener) =>
      MailServices.copy.copyMessages(
        folder(from),
        messages(from, subjects),
        folder(to),
        isMove,
        listener,
        win.msgWindow,
        false,
      ),
    ),

  delete: (path, subjects, isForGood = false) =>
    copying((listener) =>
      folder(path).deleteMessages(messages(path, subjects), win.msgWindow, isForGood, false, listener, false),
    ),

  compact: (path) => running((listener) => folder(path).compact(listener, win.msgWindow)),

  async create(parent, name) {
    folder(parent).createSubfolder(name, win.msgWindow);
    await until('the folder', () => has(parent === '' ? name : `${parent}/${name}`));
  },

  async rename(path, name) {
    folder(path).rename(name, win.msgWindow);
    await until('the new name', () => has([...path.split('/').slice(0, -1), name].join('/')));
  },

  /** Into the Trash, as a person does who says yes. */
  async remove(path) {
    win.saysYes = true;
    folder(path).deleteSelf(win.msgWindow);
    await until('the folder to go', () => !has(path));
    win.saysYes = false;
  },

  /** By the server. */
  async search(path, attribute, text) {
    const session = make('messenger/searchSession', Ci.nsIMsgSearchSession);
    session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder(path));
    const term = session.createTerm();
    term.attrib = Ci.nsMsgSearchAttrib[attribute];
    term.op = Ci.nsMsgSearchOp.Contains;
    const { value } = term;
    value.attrib = term.attrib;
    value.str = text;
    term.value = value;
    session.appendTerm(term);
    const hits = [];
    await new Promise((resolve, reject) => {
      const listener = {
        onNewSearch() {},
        onSearchHit: (header) => hits.push(header.mime2DecodedSubject),
        onSearchDone: (status) => settle(status, resolve, reject),
      };
      session.registerListener(listener, Ci.nsIMsgSearchSession.allNotifications);
      session.search(win.msgWindow);
    });
    return hits.sort();
  },

  /** `how` is Now or SaveAsDraft. What dialogs said comes back; the window closes by itself when it was sent. */
  async compose(letter, how = 'Now') {
    const window = await composing(letter);
    win.dialogs.length = 0;
    await window.GenericSendMessage(Ci.nsIMsgCompDeliverMode[how]);
    await until(
      'the end of it',
      () => window.closed || !(window.gSendOperationInProgress || window.gSaveOperationInProgress),
    );
    const isOpen = !window.closed;
    if (isOpen) {
      window.gContentChanged = false;
      window.gMsgCompose.bodyModified = false;
      window.close();
    }
    return { isSent: !isOpen, dialogs: win.dialogs.splice(0) };
  },

  /** Everything of these folders, to be read without a connection; then there is none. */
  async goOffline(paths) {
    for (const path of paths) {
      folder(path).setFlag(FOLDER_OFFLINE);
      await running((listener) => folder(path).downloadAllForOffline(listener, win.msgWindow));
    }
    Services.io.offline = true;
  },

  /** What was done meanwhile begins to be done at the server. */
  async goOnline() {
    const manager = Cc['@mozilla.org/messenger/offline-manager;1'].getService(Ci.nsIMsgOfflineManager);
    manager.goOnline(false, true, win.msgWindow);
    await until('the connection', () => !Services.io.offline);
  },

  /** The conversations with the submission server, without passwords. */
  smtp() {
    const storage = Cc['@mozilla.org/consoleAPI-storage;1'].getService(Ci.nsIConsoleAPIStorage);
    return storage
      .getEvents()
      .filter(({ prefix = '' }) => prefix.includes('smtp'))
      .flatMap((one) => one.arguments.join(' ').trim().split('\n'))
      .map((line) => line.replace(/^(C: AUTH \S+).*/, '$1'));
  },
};
