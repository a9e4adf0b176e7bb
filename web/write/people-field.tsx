/** A field for the people that a mail goes to: each a chip, with suggestions while one types. Chips can be dragged from field to field. */
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { isAddress, type Recipient, readPeople, without, withPeople } from './people.ts';

export interface PeopleFieldProps {
  readonly label: string;
  readonly people: readonly Recipient[];
  readonly onChange: (people: readonly Recipient[]) => void;
  /** For what has been typed so far. */
  readonly suggest: (typed: string) => Promise<readonly Recipient[]>;
  readonly wantsFocus?: boolean;
}

const CHIP = 'application/x-brevduva-person';

/** What is typed, what it may mean, and what the keys do with it. */
function useTyping({ people, onChange, suggest }: PeopleFieldProps) {
  const texts = useTexts().write;
  const typed = useSignal('');
  const fault = useSignal('');
  const found = useSignal<readonly Recipient[]>([]);
  const at = useSignal(0);
  const look = (text: string): void => {
    typed.value = text;
    fault.value = '';
    void suggest(text).then((some) => {
      if (typed.peek() !== text) return;
      found.value = some;
      at.value = 0;
    });
  };
  const take = (added: readonly Recipient[], rest = ''): void => {
    onChange(withPeople(people, added));
    typed.value = rest;
    found.value = [];
    fault.value = rest === '' ? '' : texts.notAnAddress(rest);
  };
  const finish = (): void => {
    const { people: read, rest } = readPeople(typed.peek());
    if (typed.peek().trim() !== '') take(read, rest);
  };
  const onKey = (event: KeyboardEvent): void => {
    const some = found.peek();
    const isAddressed = isAddress(typed.peek().trim());
    if (event.key === 'Backspace' && typed.peek() === '') onChange(people.slice(0, -1));
    else if (event.key === 'ArrowDown' && some.length > 0) at.value = (at.peek() + 1) % some.length;
    else if (event.key === 'ArrowUp' && some.length > 0)
      at.value = (at.peek() + some.length - 1) % some.length;
    else if (event.key === 'Escape' && some.length > 0) found.value = [];
    else if (['Enter', 'Tab', ',', ';'].includes(event.key) && typed.peek().trim() !== '') {
      const chosen = some[at.peek()];
      if (chosen !== undefined && !isAddressed && event.key !== ',') take([chosen]);
      else finish();
      if (event.key === 'Tab' && fault.peek() === '') return;
    } else return;
    event.preventDefault();
  };
  return { typed, fault, found, at, look, take, finish, onKey };
}

export function PeopleField(props: PeopleFieldProps) {
  const { label, people, onChange, wantsFocus = false } = props;
  const texts = useTexts().write;
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const { typed, fault, found, at, look, take, finish, onKey } = useTyping(props);
  useEffect(() => {
    if (wantsFocus) input.current?.focus();
  }, []);
  const onDrop = (event: DragEvent): void => {
    const person = event.dataTransfer?.getData(CHIP);
    if (!person) return;
    event.preventDefault();
    const one = recipientIn(person);
    if (one !== undefined) take([one]);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a line of a mail, not a set of a form
    <div
      class="people-field"
      role="group"
      aria-label={label}
      onDragOver={(event) => event.dataTransfer?.types.includes(CHIP) && event.preventDefault()}
      onDrop={onDrop}
    >
      <label for={id}>{label}</label>
      <div class="people">
        <Chips people={people} onChange={onChange} />
        <input
          {...{
            ref: input,
            id,
            type: 'text',
            inputMode: 'email',
            autocomplete: 'off',
            autocapitalize: 'off',
          }}
          spellcheck={false}
          role="combobox"
          aria-expanded={found.value.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={found.value.length > 0 ? `${id}-${at.value}` : undefined}
          aria-invalid={fault.value !== ''}
          value={typed.value}
          onInput={(event) => look(event.currentTarget.value)}
          onKeyDown={onKey}
          onBlur={finish}
        />
        {fault.value !== '' && (
          <p class="people-fault" role="alert">
            {fault.value}
          </p>
        )}
      </div>
      <Suggestions
        {...{ id, found: found.value, at: at.value }}
        label={texts.suggestions}
        onChoose={(one) => take([one])}
      />
    </div>
  );
}

/** Another page can bring what it likes under the same name. */
function recipientIn(text: string): Recipient | undefined {
  try {
    const { name = null, email } = JSON.parse(text) as Partial<Recipient>;
    const isName = name === null || typeof name === 'string';
    return typeof email === 'string' && isName ? { name, email } : undefined;
  } catch {
    return undefined;
  }
}

function Chips({ people, onChange }: Pick<PeopleFieldProps, 'people' | 'onChange'>) {
  const texts = useTexts().write;
  return (
    <>
      {people.map((person) => {
        const name = person.name ?? person.email;
        const remove = (): void => onChange(without(people, [person.email]));
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: dragging is one way; removing and typing is the other
          <span
            key={person.email}
            class="chip"
            title={person.email}
            draggable
            onDragStart={(event) => event.dataTransfer?.setData(CHIP, JSON.stringify(person))}
            onDragEnd={(event) => event.dataTransfer?.dropEffect !== 'none' && remove()}
          >
            <span dir="auto">{name}</span>
            <button type="button" aria-label={texts.remove(name)} onClick={remove}>
              <Icon name="close" />
            </button>
          </span>
        );
      })}
    </>
  );
}

interface SuggestionsProps {
  readonly id: string;
  readonly found: readonly Recipient[];
  readonly at: number;
  readonly label: string;
  readonly onChoose: (person: Recipient) => void;
}

function Suggestions({ id, found, at, label, onChoose }: SuggestionsProps) {
  return (
    <div class="suggestions" id={`${id}-list`} role="listbox" aria-label={label} hidden={found.length === 0}>
      {found.map((person, i) => (
        <div
          key={person.email}
          id={`${id}-${i}`}
          role="option"
          aria-selected={i === at}
          tabIndex={-1}
          onMouseDown={(event) => {
            event.preventDefault();
            onChoose(person);
          }}
        >
          <span dir="auto">{person.name ?? person.email}</span>
          {person.name !== null && <small dir="ltr">{person.email}</small>}
        </div>
      ))}
    </div>
  );
}
