/** The person's own mailboxes: made, renamed, put into each other, deleted; Trash and Junk emptied. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { ownMailboxes } from '../list/mailbox-name.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Cleaning } from '../space/cleaning.ts';
import { useSpaceTexts, WithSpaceTexts } from '../space/space-texts.tsx';
import { useEmptying } from '../space/use-emptying.ts';
import type { Id, Mailbox } from '../sync/model.ts';
import { Icon } from '../ui/icon.tsx';
import { MailboxChanges, type MailboxFault, nameFault, possibleParents } from './mailbox-changes.ts';

export function MailboxesPage() {
  const { language } = useApp();
  const { sync } = useDesk();
  const { settings: texts } = useTexts();
  const editing = useSignal<Id | 'new' | undefined>(undefined);
  const all = ownMailboxes(sync.cache.mailboxes.value, language.value);
  const done = (): void => {
    editing.value = undefined;
    void sync.sync();
  };
  return (
    <>
      <section class="settings-group">
        <h2>{texts.ownMailboxes}</h2>
        {all.length === 0 ? <p class="hint">{texts.noOwnMailboxes}</p> : null}
        <ul>
          {all.map(({ mailbox, depth }) => (
            <li key={mailbox.id}>
              {editing.value === mailbox.id ? (
                <MailboxForm mailbox={mailbox} onDone={done} />
              ) : (
                <OneMailbox
                  mailbox={mailbox}
                  depth={depth}
                  onEdit={() => (editing.value = mailbox.id)}
                  onDone={done}
                />
              )}
            </li>
          ))}
        </ul>
        {editing.value === 'new' ? (
          <MailboxForm onDone={done} />
        ) : (
          <p class="settings-after">
            <button type="button" class="button" onClick={() => (editing.value = 'new')}>
              <Icon name="plus" />
              {texts.newMailbox}
            </button>
          </p>
        )}
      </section>
      <section class="settings-group">
        <WithSpaceTexts>
          <Emptying of="trash" />
          <Emptying of="junk" />
        </WithSpaceTexts>
      </section>
    </>
  );
}

interface OneMailboxProps {
  readonly mailbox: Mailbox;
  readonly depth: number;
  readonly onEdit: () => void;
  readonly onDone: () => void;
}

function OneMailbox({ mailbox, depth, onEdit, onDone }: OneMailboxProps) {
  const { list, settings: texts } = useTexts();
  const desk = useDesk();
  const changes = useMailboxChanges();
  const { name, totalEmails } = mailbox;
  const remove = useRemoving(changes, onDone);
  const ask = (): void =>
    desk.ask({
      ...{ kind: 'confirm', title: texts.deleteMailboxTitle(name), button: texts.deleteMailbox },
      text: totalEmails === 0 ? texts.deleteEmptyMeans : texts.deleteMailboxMeans(list.messages(totalEmails)),
      run: () => void remove(mailbox),
    });
  return (
    <div class="setting" style={{ paddingInlineStart: `${depth * 20}px` }}>
      <span>
        <span dir="auto">{name}</span>
        <small>{list.messages(totalEmails)}</small>
      </span>
      <span class="settings-buttons">
        <button
          type="button"
          class="icon-button"
          title={texts.rename}
          aria-label={`${texts.rename}: ${name}`}
          onClick={onEdit}
        >
          <Icon name="write" />
        </button>
        <button
          type="button"
          class="icon-button"
          title={texts.deleteMailbox}
          aria-label={`${texts.deleteMailbox}: ${name}`}
          onClick={ask}
        >
          <Icon name="trash" />
        </button>
      </span>
    </div>
  );
}

/** Its mail goes to the Trash, then it goes itself; one press makes it anew and puts the mail back. */
function useRemoving(changes: MailboxChanges, onDone: () => void): (mailbox: Mailbox) => Promise<void> {
  const { notices } = useApp();
  const { sync } = useDesk();
  const { deeds, settings: texts } = useTexts();
  const wrong = (fault: MailboxFault): void => notices.show({ text: texts[fault], isWrong: true });
  return async (mailbox) => {
    const trash = sync.cache.byRole('trash');
    if (trash === undefined) return wrong('notSaved');
    const cleaning = new Cleaning(sync.client, trash.id);
    const back = async (): Promise<void> => {
      const made = await changes.makeAnew(mailbox);
      await cleaning.undo((id) => (id === mailbox.id ? (made ?? id) : id));
      onDone();
    };
    try {
      await cleaning.clean({ inMailbox: mailbox.id });
      const fault = await changes.remove(mailbox.id);
      onDone();
      if (fault !== undefined) return wrong(fault);
      const action = { text: deeds.undo, run: () => void back().catch(() => wrong('notSaved')) };
      notices.show({ text: texts.mailboxDeleted(mailbox.name), action });
    } catch {
      onDone();
      wrong('notSaved');
    }
  };
}

/** Of a new one when there is none to change. */
function MailboxForm({ mailbox, onDone }: { readonly mailbox?: Mailbox; readonly onDone: () => void }) {
  const { language } = useApp();
  const { sync } = useDesk();
  const { settings: texts, shell } = useTexts();
  const changes = useMailboxChanges();
  const fault = useSignal<MailboxFault | undefined>(undefined);
  const mailboxes = sync.cache.mailboxes.value;
  const possible = new Set(possibleParents(mailboxes, mailbox?.id));
  const parents = ownMailboxes(mailboxes, language.value).filter((one) => possible.has(one.mailbox));
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const [name, inside] = [String(fields.get('name')).trim(), String(fields.get('inside'))];
    const parentId = inside === '' ? null : inside;
    fault.value = nameFault(name, parentId, mailboxes, mailbox?.id);
    if (fault.value !== undefined) return;
    const asked =
      mailbox === undefined ? changes.create(name, parentId) : changes.change(mailbox.id, { name, parentId });
    fault.value = await asked.catch(() => 'notSaved' as const);
    if (fault.value === undefined) onDone();
  };
  return (
    <form class="settings-form mailbox-form" onSubmit={submit}>
      <label class="field">
        <span>{texts.mailboxName}</span>
        <input
          class="input"
          name="name"
          autofocus
          required
          maxLength={200}
          value={mailbox?.name}
          aria-invalid={fault.value !== undefined}
        />
      </label>
      <label class="field">
        <span>{texts.inside}</span>
        <select class="input" name="inside" defaultValue={mailbox?.parentId ?? ''}>
          <option value="">{texts.topLevel}</option>
          {parents.map(({ mailbox: { id, name }, depth }) => (
            <option key={id} value={id} selected={id === mailbox?.parentId}>
              {`${'\u2003'.repeat(depth)}${name}`}
            </option>
          ))}
        </select>
      </label>
      {fault.value ? (
        <p class="notice wrong" role="alert">
          {texts[fault.value]}
        </p>
      ) : null}
      <div class="settings-buttons">
        <button type="submit" class="button primary">
          {mailbox === undefined ? texts.create : texts.save}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {shell.cancel}
        </button>
      </div>
    </form>
  );
}

function Emptying({ of: role }: { readonly of: 'trash' | 'junk' }) {
  const desk = useDesk();
  const { list } = useTexts();
  const texts = useSpaceTexts();
  const empty = useEmptying();
  const mailbox = desk.sync.cache.byRole(role);
  if (mailbox === undefined) return null;
  return (
    <button
      type="button"
      class="setting"
      disabled={mailbox.totalEmails === 0}
      onClick={() => void empty(mailbox)}
    >
      <span>
        {role === 'trash' ? texts.emptyTrash : texts.emptyJunk}
        <small>{list.messages(mailbox.totalEmails)}</small>
      </span>
      <Icon name="trash" />
    </button>
  );
}

function useMailboxChanges(): MailboxChanges {
  const { sync } = useDesk();
  return useMemo(() => new MailboxChanges(sync.client), [sync]);
}
