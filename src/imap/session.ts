/**
 * A signed-in session: the commands of an account, what it is told of its mailboxes, and its end. It begins in a dialogue
 * that a door has led until here, or at the account's holder in one that came from another process.
 */
import { invariant } from '../base/invariant.ts';
import type { LogFields } from '../base/log.ts';
import type { Admission } from '../identity/authenticator.ts';
import { isAdmin } from '../identity/role.ts';
import type { Sharing } from '../identity/sharing.ts';
import { actingAs, type Domain } from '../mailbox/domain.ts';
import type { Author } from '../mailbox/model/author.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { isSoftlyFull } from '../mailbox/model/room.ts';
import type { Place } from '../mailbox/operations/visiting.ts';
import type { AccountListener, AccountState } from '../mailbox/state/account.ts';
import type { Lent } from '../net/send-memory.ts';
import type { Departure, Session } from '../net/sessions.ts';
import type { SessionContext } from './context.ts';
import type { Dialogue } from './dialogue.ts';
import { tellRights } from './keywords.ts';
import { Party } from './party.ts';
import { Reach } from './reach.ts';
import { type Completion, ok, writeStatus } from './replies.ts';
import type { Selected } from './selected.ts';
import { tellSoftQuota } from './soft-quota.ts';
import type { Speaker } from './speaker.ts';
import type { State, StateOf } from './state.ts';
import { removalCode, tellChanges } from './updates.ts';
import type { Uploaded, Uploads } from './uploads.ts';
import type { UrlAuthority } from './url/authority.ts';
import { Watch, writeOverflow } from './watch.ts';
import type { StreamedLiteral } from './wire/frame.ts';
import { NOTHING_WATCHED, type Watched, type Watching } from './wishes.ts';

const LOST = 'The mailbox is not shared with you any more';

export class ImapSession extends Party implements Speaker, Session, SessionContext, AccountListener {
  /** What is changed through it is this session's. */
  readonly domain: Domain;
  readonly reach: Reach;
  #state: State;
  /** The command by which its client has signed in, when that is still to be answered. */
  #signInTag: string | undefined;
  readonly #goBack: (() => Speaker) | undefined;
  /** Since NOTIFY was used. */
  #watch: Watch | undefined;
  readonly #leaveRoster: () => void;
  readonly credential: number | undefined;
  readonly #mayUseJmap: boolean;

  private constructor(
    dialogue: Dialogue,
    account: AccountState,
    { record, credential }: Admission,
    goBack: (() => Speaker) | undefined,
  ) {
    super(dialogue);
    const { framer, connection, guest, services } = dialogue;
    this.domain = actingAs(services.domain, guest);
    const { roster, settings } = services;
    this.#state = { kind: 'authenticated', own: account };
    const { accounts } = services.domain;
    this.reach = new Reach({ account, accounts, sharing: services.sharing, listener: this });
    this.#goBack = goBack;
    this.#leaveRoster = roster.join(record.address, this);
    this.credential = credential?.id;
    this.#mayUseJmap = credential?.services?.includes('jmap') ?? true;
    dialogue.log = dialogue.log.child({ account: record.address }, record.address);
    framer.setLimits(settings.limitsAfterLogin);
    connection.limitReads({ idleMs: settings.idleTimeoutMs });
  }

  /** Throws MailboxError when the account cannot be opened. `goBack`: to the door, where that is here. Whoever gets a session lets it `leave`. */
  static async enter(dialogue: Dialogue, who: Admission, goBack?: () => Speaker): Promise<ImapSession> {
    const { accounts } = dialogue.services.domain;
    const account = await accounts.open(who.record.id);
    const session = new ImapSession(dialogue, account, who, goBack);
    await accounts.join(account, session).catch((error: unknown) => {
      session.leave();
      throw error;
    });
    return session;
  }

  /**
   * The answer to the sign-in. It carries the capabilities, so that no client has to ask for them again
   * (RFC 9051 §7.1 `CAPABILITY`).
   */
  welcome(): Completion {
    return { ...ok('Signed in', `CAPABILITY ${this.capabilities.join(' ')}`), next: this.#state };
  }

  /** As the first in its dialogue: it answers the command by which its client has signed in elsewhere. */
  arrived(tag: string): this {
    this.#signInTag = tag;
    return this;
  }

  run(): Promise<Departure | undefined> {
    return this.dialogue.run(this);
  }

  get state(): State {
    return this.#state;
  }

  get author(): Author {
    return this.dialogue.guest;
  }

  get lastActiveMs(): number {
    return this.dialogue.connection.lastActiveMs;
  }

  get capabilities(): readonly string[] {
    const { isSecure } = this;
    const settings = this.#mayUseJmap ? this.settings : { ...this.settings, jmapUrl: undefined };
    const state = this.#state;
    const isOfAdmin = 'own' in state && isAdmin(state.own.record);
    const context = {
      ...{ isSecure, saslTerms: undefined, settings, mayGoBack: this.mayGoBack },
      isAdmin: isOfAdmin,
    };
    return this.dialogue.services.registry.capabilities(context);
  }

  get unsettled(): Promise<void> | undefined {
    return this.reach.unsettled;
  }

  get okCode(): string | undefined {
    const state = this.#state;
    if (state.kind !== 'selected' || state.selected.whenReady() !== undefined) return undefined;
    if (this.#watch?.selected.expunges === false) return undefined;
    return removalCode(state.selected);
  }

  greet(): void {
    if (this.#signInTag === undefined) return;
    const { status, text, code } = this.welcome();
    writeStatus(this.out, this.#signInTag, status, text, code);
  }

  get mayGoBack(): boolean {
    return this.#goBack !== undefined && !this.isCompressed;
  }

  enter(next: State): Speaker {
    const state = this.#state;
    if (next.kind === 'not-authenticated' && this.#goBack !== undefined) {
      this.leave();
      return this.#goBack();
    }
    if (state.kind === 'selected' && next.kind !== 'selected') this.#close(state.selected);
    if (next.kind === 'logout' && (state.kind === 'authenticated' || state.kind === 'selected')) {
      state.own.listeners.delete(this);
      this.reach.close();
    }
    if (next.kind === 'selected') this.reach.hold(next.selected.account);
    this.#state = next;
    return this;
  }

  leave(): void {
    this.#watch?.close();
    this.deselect();
    if (this.#state.kind === 'authenticated') this.#state.own.listeners.delete(this);
    this.reach.close();
    this.#leaveRoster();
  }

  stop(reason: string): void {
    this.dialogue.stop(reason);
  }

  onEvicted(reason: string): void {
    this.stop(reason);
  }

  onApplied(): void {
    this.dialogue.output.onApplied();
  }

  onTakenBack(): void {
    this.dialogue.output.onTakenBack(this.dialogue.isGathering);
  }

  get isCompressed(): boolean {
    return this.dialogue.connection.isCompressed;
  }

  async startCompression(tag: string): Promise<void> {
    const { connection, input } = this.dialogue;
    await this.flush();
    writeStatus(this.out, tag, 'OK', 'DEFLATE is active from here on');
    await connection.startCompression(Buffer.concat(this.out.take()), input.takeUnread());
  }

  async waitForLine(timeoutMs: number): Promise<Buffer | 'hint' | 'timeout' | 'end'> {
    await this.flush();
    if (this.dialogue.isStopped) return 'end';
    const event = await this.dialogue.input.lineOrWake(timeoutMs);
    if (typeof event === 'string') return event;
    if (event.kind === 'fault') throw event.fault;
    return event.bytes;
  }

  async tellUpdates(mayExpunge: boolean): Promise<void> {
    if (this.#state.kind === 'selected') await this.#tellSelected(this.#state, mayExpunge);
    if ((await this.#watch?.tell(this.#selected?.mailbox)) !== false) return;
    writeOverflow(this);
    this.watch(NOTHING_WATCHED);
  }

  async tellUnasked(): Promise<void> {
    await this.tellUpdates(this.#watch?.selected.isDelayed === false);
  }

  get tellsUnasked(): boolean {
    return this.#watch !== undefined;
  }

  get hasNews(): boolean {
    const watch = this.#watch;
    if (watch === undefined) return false;
    if (watch.hasNews) return true;
    const selected = this.#selected;
    if (selected === undefined || selected.whenReady() !== undefined) return false;
    const { arrivals, expunges, flags, isDelayed } = watch.selected;
    if (!arrivals && !expunges && !flags && selected.updates === undefined) return false;
    return (
      selected.readModseq !== selected.mailbox.modseq ||
      (expunges && !isDelayed && selected.view.hasUntoldExpunges)
    );
  }

  watch(wanted: Watched): Watching {
    const state = this.#state;
    invariant(
      state.kind === 'authenticated' || state.kind === 'selected',
      'NOTIFY is for those who are signed in',
    );
    this.#watch?.close();
    this.#watch = new Watch(this, state.own, wanted);
    return this.#watch;
  }

  async #tellSelected({ selected }: StateOf<'selected'>, mayExpunge: boolean): Promise<void> {
    const { account, place } = selected;
    if (!place.isOwn) {
      await this.reach.refresh();
      if (this.#isPutOut(selected)) return;
    }
    selected.wasToldFull ??= isSoftlyFull(account);
    if (selected.whenReady() !== undefined) return;
    await tellChanges(this, selected, mayExpunge, this.#watch?.selected);
    if (place.isOwn) tellSoftQuota(this.out, selected, account);
    else tellRights(this, selected);
  }

  get #selected(): Selected | undefined {
    return this.#state.kind === 'selected' ? this.#state.selected : undefined;
  }

  lend(): Lent {
    return this.dialogue.lend();
  }

  deselect(): void {
    if (this.#state.kind !== 'selected') return;
    this.#close(this.#state.selected);
    this.#state = { kind: 'authenticated', own: this.#state.own };
  }

  /** What earlier commands have read of others is told. Throws where the mailbox that was open is not to be read any more. */
  async prepare(): Promise<void> {
    this.reach.forget();
    const selected = this.#selected;
    if (selected === undefined || selected.place.isOwn) return;
    await this.reach.refresh();
    if (this.#isPutOut(selected)) throw new MailboxError('nonexistent', LOST);
  }

  override breathe(): Promise<void> | undefined {
    const selected = this.#selected;
    if (selected !== undefined && !selected.place.isOwn && this.#isPutOut(selected))
      throw new MailboxError('nonexistent', LOST);
    return super.breathe();
  }

  onOwnerGone(account: AccountState): void {
    if (this.#selected?.account === account) this.stop(LOST);
    this.#watch?.ownerGone(account);
  }

  note(place: Place, what: string, facts: LogFields): void {
    this.presence.note(what, facts);
    if (place.isOwn) return;
    const { mailbox } = place;
    this.presence.noteFor(place.account.record.address, what, { ...facts, mailbox: mailbox.name });
  }

  get sharing(): Sharing {
    return this.dialogue.services.sharing;
  }

  #close(selected: Selected): void {
    selected.viewer.close();
    this.reach.letGo(selected.account);
  }

  /** What cannot be read any more is closed, and a client has no other way to be told than that its session ends (RFC 4314 §5.1.1). */
  #isPutOut(selected: Selected): boolean {
    if (selected.place.isOwn || !selected.isLost) return false;
    this.stop(LOST);
    return true;
  }

  beginUpload(literal: StreamedLiteral): void {
    const state = this.#state;
    if (state.kind !== 'authenticated' && state.kind !== 'selected') return;
    this.dialogue.uploads.begin(literal, state.own.id, this.settings.maxAppendBytes);
  }

  received(literal: StreamedLiteral): Uploaded {
    return this.dialogue.uploads.received(literal);
  }

  get urls(): UrlAuthority {
    return this.dialogue.services.urls;
  }

  get uploads(): Uploads {
    return this.dialogue.uploads;
  }

  /** For the viewer of the mailbox that is opened. */
  readonly viewerEvents = {
    onHint: (): void => this.dialogue.input.hint(),
    onInvalid: (): void => {
      this.dialogue.output.onInvalidView();
      this.stop('Storage failed; please reconnect');
    },
    onElsewhere: (): void => this.stop('The mailbox was deleted and brought back; please reconnect'),
  };
}
