/** What it takes to come in: the second step, set up, renewed and taken away, each with the password once more. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { useApp } from '../shell/app.ts';
import { Window } from '../shell/dialogs.tsx';
import { AddApp } from './add-app.tsx';
import { type ChangedDoors, Doors, type Passkey, type SecurityFacts } from './doors.ts';
import { AddPasskey, PasskeyRows } from './passkey-rows.tsx';
import { Prove } from './prove.tsx';
import { RecoveryCodes } from './recovery-codes.tsx';
import { useSecurityTexts } from './security-texts.ts';

type Doing =
  | { readonly what: 'add-app' | 'remove-app' | 'new-codes' | 'add-passkey' }
  | { readonly what: 'remove-passkey'; readonly passkey: Passkey }
  | { readonly what: 'codes'; readonly codes: readonly string[] };

export function SecurityPage() {
  const { account, notices } = useApp();
  const texts = useSecurityTexts();
  const doors = useMemo(() => new Doors(account), [account]);
  const facts = useSignal<SecurityFacts | undefined>(undefined);
  const doing = useSignal<Doing | undefined>(undefined);
  useEffect(() => {
    void doors.look().then((found) => {
      if (found === undefined) notices.show({ text: texts.failed, isWrong: true });
      facts.value = found;
    });
  }, []);
  const done = (said: string) => (changed: ChangedDoors) => {
    const { codes } = changed;
    facts.value = changed;
    doing.value = codes === undefined ? undefined : { what: 'codes', codes };
    notices.show({ text: said });
    void account.look();
  };
  const begin = (what: 'add-app' | 'remove-app' | 'new-codes' | 'add-passkey') => () => {
    doing.value = { what };
  };
  const close = (): void => {
    doing.value = undefined;
  };
  const now = facts.value;
  if (now === undefined) return null;
  const hasStep = now.totpSinceMs !== undefined || now.passkeys.length > 0;
  return (
    <>
      <section class="settings-group">
        <p class="hint">{texts.why}</p>
        <App facts={now} onAdd={begin('add-app')} onRemove={begin('remove-app')} />
        {hasStep ? <Codes facts={now} onRenew={begin('new-codes')} /> : null}
      </section>
      <PasskeyRows
        facts={now}
        onAdd={begin('add-passkey')}
        onRemove={(passkey) => {
          doing.value = { what: 'remove-passkey', passkey };
        }}
      />
      <Dialog doing={doing.value} doors={doors} done={done} onClose={close} />
    </>
  );
}

interface DialogProps {
  readonly doing: Doing | undefined;
  readonly doors: Doors;
  readonly done: (said: string) => (changed: ChangedDoors) => void;
  readonly onClose: () => void;
}

function Dialog({ doing, doors, done, onClose }: DialogProps) {
  const texts = useSecurityTexts();
  switch (doing?.what) {
    case undefined:
      return null;
    case 'add-app':
      return (
        <Window key="add-app" title={texts.app} onClose={onClose}>
          <AddApp doors={doors} onDone={done(texts.on)} />
        </Window>
      );
    case 'remove-app':
      return (
        <Window key="remove-app" title={texts.removeApp} onClose={onClose}>
          <Prove
            ask={(password) => doors.removeApp(password)}
            onDone={done(texts.appGone)}
            button={texts.remove}
          />
        </Window>
      );
    case 'add-passkey':
      return (
        <Window key="add-passkey" title={texts.addPasskey} onClose={onClose}>
          <AddPasskey doors={doors} onDone={done(texts.on)} />
        </Window>
      );
    case 'remove-passkey': {
      const { id, name } = doing.passkey;
      return (
        <Window key="remove-passkey" title={texts.removePasskey(name)} onClose={onClose}>
          <Prove
            ask={(password) => doors.removePasskey(password, id)}
            onDone={done(texts.passkeyGone)}
            button={texts.remove}
          />
        </Window>
      );
    }
    case 'new-codes':
      return (
        <Window key="new-codes" title={texts.newCodes} onClose={onClose}>
          <p class="hint">{texts.newCodesMeans}</p>
          <Prove ask={(password) => doors.renewCodes(password)} onDone={done(texts.codes)} />
        </Window>
      );
    case 'codes':
      return (
        <Window key="codes" title={texts.keep} onClose={onClose}>
          <RecoveryCodes codes={doing.codes} onKept={onClose} />
        </Window>
      );
  }
}

interface AppProps {
  readonly facts: SecurityFacts;
  readonly onAdd: () => void;
  readonly onRemove: () => void;
}

function App({ facts: { totpSinceMs }, onAdd, onRemove }: AppProps) {
  const { formats } = useApp();
  const texts = useSecurityTexts();
  const isOn = totpSinceMs !== undefined;
  return (
    <Row
      name={texts.app}
      means={isOn ? texts.appSince(formats.value.day(totpSinceMs)) : texts.appMeans}
      button={isOn ? texts.remove : texts.setUp}
      onClick={isOn ? onRemove : onAdd}
    />
  );
}

function Codes({ facts, onRenew }: { readonly facts: SecurityFacts; readonly onRenew: () => void }) {
  const texts = useSecurityTexts();
  return (
    <Row
      name={texts.codes}
      means={texts.codesLeft(facts.codesLeft)}
      button={texts.newCodes}
      onClick={onRenew}
    />
  );
}

interface RowProps {
  readonly name: string;
  readonly means: ComponentChildren;
  readonly button: string;
  readonly onClick: () => void;
}

export function Row({ name, means, button, onClick }: RowProps) {
  return (
    <div class="setting">
      <span>
        {name}
        <small>{means}</small>
      </span>
      <button type="button" class="button" aria-label={`${button}: ${name}`} onClick={onClick}>
        {button}
      </button>
    </div>
  );
}
