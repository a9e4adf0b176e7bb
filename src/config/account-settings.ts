/**
 * Settings of single accounts, declared as options like those of the server: the option's default is what the
 * configuration says, its schema and words serve both. An unknown name is refused with the nearest one there is.
 */
import { suggest } from './names.ts';
import type { Option } from './option.ts';

export type SettingDeclarations = Readonly<Record<string, Option<unknown>>>;

/** As text, since that is how accounts keep them. `undefined` takes a setting away. */
export function settingProblem(
  declarations: SettingDeclarations,
  name: string,
  value: string | undefined,
): string | undefined {
  const names = Object.keys(declarations);
  const option = Object.hasOwn(declarations, name) ? declarations[name] : undefined;
  if (option === undefined) {
    const near = suggest(name, names);
    return `there is no setting ${name}; ${near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`}`;
  }
  if (value === undefined || option.schema.safeParse(value).success) return undefined;
  return `${name} cannot be ${JSON.stringify(value)}; expected ${option.expected}`;
}
