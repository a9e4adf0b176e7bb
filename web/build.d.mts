export function stampOf(root?: string): string;
export function buildWeb(options: { readonly out: string; readonly withMaps?: boolean }): Promise<string>;
