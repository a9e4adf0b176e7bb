/**
 * What an account may have different from everybody else. The domain keeps settings by name and does not know what any
 * of them means: each is declared beside the code that reads it, and this is what the domain asks of the declarations.
 */
export interface AccountSettings {
  /** What is wrong with giving this setting this value, as a sentence; undefined when nothing is. */
  problemWith(name: string, value: string | undefined): string | undefined;
}

/** For a process that puts no protocols together. */
export const NO_SETTINGS: AccountSettings = Object.freeze({
  problemWith: (name: string) => `there is no setting ${name}`,
});
