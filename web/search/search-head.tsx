/** The search: the field, chips for who does not type, and before anything is typed what was searched for lately. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { parseSearch, type Term } from '../../src/mail/search-language.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { MailList } from '../sync/mail-list.ts';
import { Icon } from '../ui/icon.tsx';
import { has, toggled, writeSearch } from './query.ts';

interface SearchHeadProps {
  readonly query: string;
  readonly list: MailList | undefined;
}

/** From the last letter to the question. */
const PAUSE_MS = 180;
/** A search that somebody looks at this long was one. */
const MEANT_MS = 2000;

export function SearchHead({ query, list }: SearchHeadProps) {
  const { router } = useApp();
  const { recent } = useDesk();
  const { search: texts, shell } = useTexts();
  const typed = useSignal(query);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (typed.peek() !== query) typed.value = query;
  }, [query]);
  useEffect(() => {
    if (query === '') input.current?.focus();
    const meant = setTimeout(() => recent.add(query), MEANT_MS);
    return () => clearTimeout(meant);
  }, [query]);
  const ask = (text: string, afterMs = 0): void => {
    typed.value = text;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => router.replace({ at: 'search', query: text.trim() }), afterMs);
  };
  return (
    <header class="search-head">
      <h1 id="list-name" class="unseen">
        {texts.title}
      </h1>
      <search>
        <form
          class="search-field"
          onSubmit={(event) => {
            event.preventDefault();
            recent.add(typed.value);
            ask(typed.value);
            input.current?.blur();
          }}
        >
          <button type="button" class="icon-button" aria-label={shell.back} onClick={() => router.back()}>
            <Icon name="back" />
          </button>
          <input
            ref={input}
            class="input"
            type="search"
            enterkeyhint="search"
            placeholder={texts.placeholder}
            aria-label={texts.placeholder}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            value={typed.value}
            onInput={(event) => ask(event.currentTarget.value, PAUSE_MS)}
          />
        </form>
      </search>
      <Chips query={typed.value} onChange={(terms) => ask(writeSearch(terms))} />
      {query === '' ? <Recent onChoose={(text) => ask(text)} /> : <Found list={list} />}
    </header>
  );
}

function Chips({
  query,
  onChange,
}: {
  readonly query: string;
  readonly onChange: (terms: readonly Term[]) => void;
}) {
  const { search: texts } = useTexts();
  const terms = parseSearch(query);
  const chips: readonly (readonly [keyof typeof texts.chips, Term])[] = [
    ['unread', { operator: 'is', value: 'unread', isNot: false }],
    ['attachment', { operator: 'has', value: 'attachment', isNot: false }],
    ['starred', { operator: 'is', value: 'starred', isNot: false }],
    ['thisYear', { operator: 'after', value: String(new Date().getFullYear()), isNot: false }],
    ['sent', { operator: 'in', value: 'sent', isNot: false }],
    ['anywhere', { operator: 'in', value: 'anywhere', isNot: false }],
  ];
  return (
    <fieldset class="chips" aria-label={texts.narrow}>
      {chips.map(([name, term]) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={has(terms, term)}
          onClick={() => onChange(toggled(terms, term))}
        >
          {texts.chips[name]}
        </button>
      ))}
    </fieldset>
  );
}

function Recent({ onChoose }: { readonly onChoose: (query: string) => void }) {
  const { recent } = useDesk();
  const { search: texts } = useTexts();
  const all = recent.all.value;
  return (
    <div class="search-begin">
      {all.length > 0 ? (
        <section>
          <h2>{texts.recent}</h2>
          <ul class="choices">
            {all.map((query) => (
              <li key={query}>
                <button type="button" onClick={() => onChoose(query)}>
                  <Icon name="clock" />
                  <span dir="auto">{query}</span>
                </button>
              </li>
            ))}
          </ul>
          <button type="button" class="button quiet" onClick={() => recent.forget()}>
            {texts.forget}
          </button>
        </section>
      ) : (
        <p>{texts.begin}</p>
      )}
      <p class="hint">{texts.help}</p>
    </div>
  );
}

function Found({ list }: { readonly list: MailList | undefined }) {
  const { search: texts } = useTexts();
  const total = list?.rows.value.total;
  return (
    <p class="found" role="status">
      {total ? texts.found(total) : null}
    </p>
  );
}
