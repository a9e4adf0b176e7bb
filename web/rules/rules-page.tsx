/** The rules of the account, in the order in which they are asked: switched, changed, moved, deleted, made. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { testsFromMail } from './from-mail.ts';
import { newRule, type Rule, type RuleTest } from './rule.ts';
import { type Book, RuleBook } from './rule-book.ts';
import { RuleForm } from './rule-form.tsx';
import { RuleLine } from './rule-line.tsx';

type Change = (rules: readonly Rule[]) => readonly Rule[];

/** `parameters`: `?mail=<email>` begins a rule from it. */
export function RulesPage({ parameters }: { readonly parameters: string }) {
  const { rules: texts } = useTexts();
  const { book, isLost, run } = useBook();
  const editing = useSignal<Rule | undefined>(undefined);
  const { sync } = useDesk();
  const begin = (tests: readonly RuleTest[]): void => {
    editing.value = newRule(crypto.getRandomValues(new Uint32Array(2)).join('-'), tests);
  };
  const mail = new URLSearchParams(parameters).get('mail');
  useEffect(() => {
    if (mail !== null) void testsFromMail(sync.client, mail).then(begin, () => begin([]));
  }, [mail]);
  if (isLost) return <p class="notice wrong">{texts.unreachable}</p>;
  if (book === undefined) return null;
  const { rules } = book;
  const known = rules.some(({ id }) => id === editing.value?.id);
  const form = editing.value && (
    <RuleForm
      key={editing.value.id}
      rule={editing.value}
      others={rules.filter(({ id }) => id !== editing.value?.id)}
      onDone={(rule) => {
        editing.value = undefined;
        if (rule !== undefined) run(put(rule));
      }}
    />
  );
  return (
    <>
      <Unused book={book} onUse={() => run('use')} />
      <section class="settings-group">
        {!known ? form : null}
        {rules.length === 0 && editing.value === undefined ? <p class="hint">{texts.none}</p> : null}
        {rules.length > 1 ? <p class="hint">{texts.order}</p> : null}
        <ol class="rules">
          {rules.map((rule, at) => (
            <li key={rule.id}>
              {editing.value?.id === rule.id ? (
                form
              ) : (
                <RuleLine
                  {...{ rule, isFirst: at === 0, isLast: at === rules.length - 1 }}
                  onChange={(changed) => run(put(changed))}
                  onMove={(by) => run(moved(rule.id, by))}
                  onEdit={() => (editing.value = rule)}
                  onDelete={() => run((all) => all.filter(({ id }) => id !== rule.id))}
                />
              )}
            </li>
          ))}
        </ol>
        {editing.value === undefined ? (
          <p class="settings-after">
            <button type="button" class="button" onClick={() => begin([{ on: 'from', value: '' }])}>
              <Icon name="plus" />
              {texts.add}
            </button>
          </p>
        ) : null}
      </section>
    </>
  );
}

/** Another script is run, or ours was changed by hand: nothing of it is touched before somebody wants that. */
function Unused({ book, onUse }: { readonly book: Book; readonly onUse: () => void }) {
  const { rules: texts } = useTexts();
  const { isRun, other, changed } = book;
  if (isRun && other === undefined) return null;
  return (
    <div class="rules-unused" role="note">
      <p>
        {changed !== undefined
          ? texts.changedByHand(changed)
          : other !== undefined
            ? texts.other(other)
            : texts.notRun}
      </p>
      <button type="button" class="button" onClick={onUse}>
        {texts.use}
      </button>
    </div>
  );
}

function useBook() {
  const { sync } = useDesk();
  const { notices } = useApp();
  const { settings: texts } = useTexts();
  const keeper = useMemo(() => new RuleBook(sync.client), [sync]);
  const book = useSignal<Book | undefined>(undefined);
  const isLost = useSignal(false);
  useEffect(() => {
    keeper.load().then(
      (found) => (book.value = found),
      () => (isLost.value = true),
    );
  }, [keeper]);
  /** Shown when it is so: what mail is subject to is no matter for hoping. */
  const run = (change: Change | 'use'): void => {
    const asked = change === 'use' ? keeper.useRules() : keeper.change(change);
    void asked.then(
      (found) => (book.value = found),
      () => notices.show({ text: texts.notSaved, isWrong: true }),
    );
  };
  return { book: book.value, isLost: isLost.value, run };
}

/** In its place; a new one first, since whoever makes it means it. */
function put(rule: Rule): Change {
  return (all) =>
    all.some(({ id }) => id === rule.id)
      ? all.map((one) => (one.id === rule.id ? rule : one))
      : [rule, ...all];
}

function moved(id: string, by: -1 | 1): Change {
  return (all) => {
    const from = all.findIndex((one) => one.id === id);
    const rule = all[from];
    if (rule === undefined) return all;
    const rest = all.filter((one) => one !== rule);
    return rest.toSpliced(Math.max(0, from + by), 0, rule);
  };
}
