/** A setting: what it is, what follows from it in half a sentence, and a switch or a value. */

interface ChoiceSettingProps<T extends string> {
  readonly name: string;
  readonly means?: string;
  readonly value: T;
  readonly choices: readonly (readonly [value: T, text: string])[];
  readonly onChange: (value: T) => void;
}

export function ChoiceSetting<T extends string>({
  name,
  means,
  value,
  choices,
  onChange,
}: ChoiceSettingProps<T>) {
  return (
    <label class="setting">
      <span>
        {name}
        {means ? <small>{means}</small> : null}
      </span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {choices.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface SwitchSettingProps {
  readonly name: string;
  readonly means: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

export function SwitchSetting({ name, means, isOn, onChange }: SwitchSettingProps) {
  return (
    <label class="setting">
      <span>
        {name}
        <small>{means}</small>
      </span>
      <input
        class="switch"
        type="checkbox"
        role="switch"
        checked={isOn}
        aria-checked={isOn}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </label>
  );
}
