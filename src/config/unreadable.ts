/** Why a file that a person has named could not be read, in words with its name. */
const WORDS: Readonly<Record<string, (file: string) => string>> = Object.freeze({
  ENOENT: (file) => `there is no file ${file}`,
  ENOTDIR: (file) => `there is no file ${file}`,
  EISDIR: (file) => `${file} is a folder, not a file`,
  EACCES: (file) => `${file} may not be read by this user`,
  EPERM: (file) => `${file} may not be read by this user`,
});

/** `error`: what reading it has thrown. */
export function unreadable(file: string, error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return WORDS[code]?.(file) ?? `${file} cannot be read: ${message}`;
}
