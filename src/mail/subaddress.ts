/** The parts of a local part (RFC 5233): who uses the address, and what is said behind a separator. */

export interface LocalParts {
  readonly user: string;
  /** Undefined: there is no separator. */
  readonly detail: string | undefined;
}

/** Any character of `separators` is one; none is at the beginning, for nobody is called nothing. */
export function localParts(local: string, separators: string): LocalParts {
  for (let at = 1; at < local.length; at++) {
    if (separators.includes(local[at] as string))
      return { user: local.slice(0, at), detail: local.slice(at + 1) };
  }
  return { user: local, detail: undefined };
}
