/** A URL of the session object with its variables: RFC 6570 level 1, which is all that RFC 8620 §2 needs. */
export function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}
