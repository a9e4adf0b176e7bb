/** A rule as it is made or changed, with the mail that it would be about now. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ownMailboxes, roleName, withRole } from '../list/mailbox-name.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { deedsOf, type Fitting, fitting, MOST_AT_ONCE } from './fitting.ts';
import {
  faultOf,
  MOST_RULES,
  MOST_TESTS,
  MOST_VALUE,
  type Rule,
  type RuleFault,
  type RuleTest,
  TEST_KINDS,
  type TestKind,
  testFaultOf,
  tidied,
} from './rule.ts';

export interface RuleFormProps {
  readonly rule: Rule;
  readonly others: readonly Rule[];
  /** Undefined: nothing is to change. */
  readonly onDone: (rule: Rule | undefined) => void;
}

/** Of one mail to others: more the server does not send on. */
const MOST_FORWARDS = 4;

export function RuleForm({ rule: before, others, onDone }: RuleFormProps) {
  const { settings, shell, rules: texts } = useTexts();
  const draft = useSignal(before);
  const fault = useSignal<RuleFault | 'tooMany' | undefined>(undefined);
  const doesNow = useSignal(false);
  const fits = useFitting(draft.value);
  const doNow = useDoNow();
  const change = (part: Partial<Rule>): void => {
    draft.value = { ...draft.value, ...part };
    fault.value = undefined;
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const rule = tidied(draft.value);
    const forwards = others.filter(({ forward }) => forward !== undefined).length;
    const tooMany = others.length >= MOST_RULES || (rule.forward && forwards >= MOST_FORWARDS);
    fault.value = faultOf(rule) ?? (tooMany ? 'tooMany' : undefined);
    if (fault.value !== undefined) return;
    if (doesNow.value) void doNow(rule);
    onDone(rule);
  };
  return (
    <form class="settings-form rule-form" onSubmit={submit} aria-label={texts.form}>
      <Tests rule={draft.value} onChange={change} />
      <DoneWith rule={draft.value} onChange={change} />
      <p class="hint" role="status">
        {fits && texts.fits(fits.total)}
      </p>
      {fits && fits.total > 0 ? (
        <>
          <ul class="rule-fits">
            {fits.some.map(({ id, from, subject }) => (
              <li key={id} dir="auto">
                {texts.fitting(from?.[0]?.name || from?.[0]?.email || '', subject ?? '')}
              </li>
            ))}
          </ul>
          <label class="choice">
            <input
              type="checkbox"
              checked={doesNow.value}
              onChange={(event) => (doesNow.value = event.currentTarget.checked)}
            />
            <span>{texts.doNow(Math.min(fits.total, MOST_AT_ONCE))}</span>
          </label>
        </>
      ) : null}
      {fault.value ? (
        <p class="notice wrong" role="alert">
          {texts.faults[fault.value]}
        </p>
      ) : null}
      <div class="settings-buttons">
        <button type="submit" class="button primary">
          {settings.save}
        </button>
        <button type="button" class="button" onClick={() => onDone(undefined)}>
          {shell.cancel}
        </button>
      </div>
    </form>
  );
}

interface PartProps {
  readonly rule: Rule;
  readonly onChange: (part: Partial<Rule>) => void;
}

function Tests({ rule: { tests, isAll }, onChange }: PartProps) {
  const { rules: texts } = useTexts();
  const put = (at: number, part: Partial<RuleTest>): void =>
    onChange({ tests: tests.map((test, index) => (index === at ? { ...test, ...part } : test)) });
  return (
    <fieldset>
      <legend>{texts.when}</legend>
      {tests.map(({ on, value }, at) => (
        <div key={at} class="rule-test">
          <select
            class="input"
            aria-label={texts.kind}
            value={on}
            onChange={(event) => put(at, { on: event.currentTarget.value as TestKind })}
          >
            {TEST_KINDS.map((kind) => (
              <option key={kind} value={kind} selected={kind === on}>
                {texts.kinds[kind]}
              </option>
            ))}
          </select>
          <input
            class="input"
            aria-label={texts.kinds[on]}
            dir="auto"
            maxLength={MOST_VALUE}
            inputMode={on === 'larger' ? 'decimal' : 'text'}
            value={value}
            onInput={(event) => put(at, { value: event.currentTarget.value })}
          />
          <button
            type="button"
            class="icon-button"
            aria-label={texts.removeTest}
            title={texts.removeTest}
            disabled={tests.length < 2}
            onClick={() => onChange({ tests: tests.toSpliced(at, 1) })}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <div class="settings-buttons">
        {tests.length < MOST_TESTS ? (
          <button
            type="button"
            class="button quiet"
            onClick={() => onChange({ tests: [...tests, { on: 'subject', value: '' }] })}
          >
            <Icon name="plus" />
            {texts.addTest}
          </button>
        ) : null}
        {tests.length > 1 ? (
          <select
            class="input rule-all"
            aria-label={texts.how}
            value={isAll ? 'all' : 'any'}
            onChange={(event) => onChange({ isAll: event.currentTarget.value === 'all' })}
          >
            <option value="all">{texts.all}</option>
            <option value="any">{texts.any}</option>
          </select>
        ) : null}
      </div>
    </fieldset>
  );
}

function DoneWith({ rule: { move, isRead, isStarred, forward }, onChange }: PartProps) {
  const { language } = useApp();
  const { sync } = useDesk();
  const { list, rules: texts } = useTexts();
  const mailboxes = sync.cache.mailboxes.value;
  const places = [
    ...withRole(mailboxes)
      .filter(({ role }) => role === 'archive' || role === 'junk' || role === 'trash')
      .map((mailbox) => ({ mailbox, depth: 0 })),
    ...ownMailboxes(mailboxes, language.value),
  ];
  const mark = (label: string, isOn: boolean, set: (isOn: boolean) => void) => (
    <label class="choice">
      <input type="checkbox" checked={isOn} onChange={(event) => set(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
  return (
    <fieldset>
      <legend>{texts.done}</legend>
      <label class="field">
        <span>{texts.move}</span>
        <select
          class="input"
          value={move ?? ''}
          onChange={({ currentTarget: { value } }) => onChange({ move: value })}
        >
          <option value="">{texts.stays}</option>
          {places.map(({ mailbox, depth }) => (
            <option key={mailbox.id} value={mailbox.id} selected={mailbox.id === move}>
              {`${'\u2003'.repeat(depth)}${roleName(mailbox, list)}`}
            </option>
          ))}
        </select>
      </label>
      {mark(texts.markRead, isRead, (isOn) => onChange({ isRead: isOn }))}
      {mark(texts.markStarred, isStarred, (isOn) => onChange({ isStarred: isOn }))}
      <label class="field">
        <span>{texts.forward}</span>
        <input
          class="input"
          type="email"
          dir="ltr"
          value={forward ?? ''}
          onInput={(event) => onChange({ forward: event.currentTarget.value })}
        />
      </label>
    </fieldset>
  );
}

const SETTLED_MS = 400;

/** Asked when nobody types; undefined as long as nothing can be said. */
function useFitting(rule: Rule): Fitting | undefined {
  const { sync } = useDesk();
  const found = useSignal<Fitting | undefined>(undefined);
  const { tests, isAll } = tidied(rule);
  const isFit = testFaultOf(tests) === undefined;
  const key = JSON.stringify([isFit, isAll, tests]);
  useEffect(() => {
    found.value = undefined;
    if (!isFit) return undefined;
    let isOver = false;
    const timer = setTimeout(() => {
      const inbox = sync.cache.byRole('inbox')?.id;
      // Without an answer nothing is said: the rule can be kept all the same.
      void fitting(sync.client, { tests, isAll }, { inbox }).then(
        (fits) => {
          if (!isOver) found.value = fits;
        },
        () => undefined,
      );
    }, SETTLED_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
  return found.value;
}

/** To what lies in the Inbox, with the line that takes it back. */
function useDoNow(): (rule: Rule) => Promise<void> {
  const { sync } = useDesk();
  const { notices } = useApp();
  const { deeds, rules: texts } = useTexts();
  return async (rule) => {
    const inbox = sync.cache.byRole('inbox')?.id;
    if (inbox === undefined) return;
    try {
      const { some } = await fitting(sync.client, rule, { inbox, limit: MOST_AT_ONCE });
      const { action, undo } = deedsOf(rule, some, inbox);
      sync.actions.run(action);
      const takeBack = { text: deeds.undo, run: () => void sync.actions.run(undo) };
      notices.show({ text: texts.didNow(some.length), action: takeBack });
    } catch {
      notices.show({ text: texts.unreachable, isWrong: true });
    }
  };
}
