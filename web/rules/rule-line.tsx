/** A rule in words, with its switch and its place among the others. */
import { roleName } from '../list/mailbox-name.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Texts } from '../text/en.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import type { Rule } from './rule.ts';

export interface RuleLineProps {
  readonly rule: Rule;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly onChange: (rule: Rule) => void;
  readonly onMove: (by: -1 | 1) => void;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

export function RuleLine({ rule, isFirst, isLast, onChange, onMove, onEdit, onDelete }: RuleLineProps) {
  const { settings, rules: texts } = useTexts();
  const { about, deeds } = useWords(rule);
  const button = (icon: IconName, label: string, onClick: () => void, isDisabled = false) => (
    <button
      type="button"
      class="icon-button"
      title={label}
      aria-label={`${label}: ${about}`}
      disabled={isDisabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <div class={`setting rule ${rule.isOn ? '' : 'off'}`}>
      <label class="rule-words">
        <input
          class="switch"
          type="checkbox"
          role="switch"
          checked={rule.isOn}
          aria-checked={rule.isOn}
          onChange={() => onChange({ ...rule, isOn: !rule.isOn })}
        />
        <span>
          <span dir="auto">{about}</span>
          <small dir="auto">{deeds}</small>
        </span>
      </label>
      <span class="settings-buttons">
        {button('up', texts.earlier, () => onMove(-1), isFirst)}
        {button('down', texts.later, () => onMove(1), isLast)}
        {button('write', texts.change, onEdit)}
        {button('trash', settings.deleteMailbox, onDelete)}
      </span>
    </div>
  );
}

function useWords(rule: Rule): { readonly about: string; readonly deeds: string } {
  const { language } = useApp();
  const { sync } = useDesk();
  const { list, rules: texts } = useTexts();
  const listed = (type: 'conjunction' | 'disjunction', words: readonly string[]): string =>
    new Intl.ListFormat(language.value, { type }).format(words);
  const about = listed(
    rule.isAll ? 'conjunction' : 'disjunction',
    rule.tests.map(({ on, value }) => texts.about[on](value)),
  );
  const mailbox = rule.move === undefined ? undefined : sync.cache.mailboxes.value.get(rule.move);
  return {
    about,
    deeds: deedsOf(rule, mailbox && roleName(mailbox, list), texts).join(' · '),
  };
}

function deedsOf(
  { move, isRead, isStarred, forward }: Rule,
  mailbox: string | undefined,
  texts: Texts['rules'],
): string[] {
  return [
    ...(move === undefined ? [] : [mailbox === undefined ? texts.moveGone : texts.moveTo(mailbox)]),
    ...(isRead ? [texts.markRead] : []),
    ...(isStarred ? [texts.markStarred] : []),
    ...(forward === undefined ? [] : [texts.forwardTo(forward)]),
  ];
}
