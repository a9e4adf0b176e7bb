/** The passkeys of the account, each removed alone, and one more. */
import { useApp } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import type { ChangedDoors, DoorAnswer, Doors, Passkey, SecurityFacts } from './doors.ts';
import { hasKeys, madeFor } from './passkeys.ts';
import { Prove } from './prove.tsx';
import { useSecurityTexts } from './security-texts.ts';

interface PasskeyRowsProps {
  readonly facts: SecurityFacts;
  readonly onAdd: () => void;
  readonly onRemove: (passkey: Passkey) => void;
}

export function PasskeyRows({ facts, onAdd, onRemove }: PasskeyRowsProps) {
  const texts = useSecurityTexts();
  const { formats } = useApp();
  const { passkeys, canHavePasskeys } = facts;
  if (passkeys.length === 0 && !(canHavePasskeys && hasKeys())) return null;
  const factsOf = ({ createdMs, lastUse, host }: Passkey): string => {
    const day = (ms: number): string => formats.value.day(ms);
    const said = texts.passkeyFacts(day(createdMs), lastUse && day(lastUse.atMs));
    return host === location.hostname ? said : `${said} ${texts.passkeyElsewhere(host)}`;
  };
  return (
    <section class="settings-group">
      <h2>{texts.passkeys}</h2>
      <p class="hint">{texts.passkeysMeans}</p>
      <ul>
        {passkeys.map((one) => (
          <li key={one.id} class="setting">
            <span>
              <span dir="auto">{one.name}</span>
              <small>{factsOf(one)}</small>
            </span>
            <button
              type="button"
              class="icon-button"
              aria-label={texts.removePasskey(one.name)}
              title={texts.removePasskey(one.name)}
              onClick={() => onRemove(one)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      {canHavePasskeys && hasKeys() ? (
        <div class="settings-after">
          <button type="button" class="button" onClick={onAdd}>
            {texts.addPasskey}
          </button>
        </div>
      ) : null}
    </section>
  );
}

interface AddPasskeyProps {
  readonly doors: Doors;
  readonly onDone: (changed: ChangedDoors) => void;
}

export function AddPasskey({ doors, onDone }: AddPasskeyProps) {
  const texts = useSecurityTexts();
  const add = async (password: string, fields: FormData): Promise<DoorAnswer<ChangedDoors>> => {
    const asked = await doors.beginPasskey(password);
    if ('fault' in asked) return asked;
    const made = await madeFor(asked.value);
    if (made === undefined) return { fault: 'passkeyNot' };
    return doors.addPasskey(password, String(fields.get('name')).trim(), made);
  };
  return (
    <Prove ask={add} onDone={onDone} button={texts.addPasskey}>
      <label class="field">
        <span>{texts.passkeyName}</span>
        <input class="input" name="name" maxLength={100} pattern=".*\S.*" required autofocus />
      </label>
    </Prove>
  );
}
