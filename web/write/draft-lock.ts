/** The name of the lock of a draft, by the address of the page that it is written on. */
export const draftLock = (key: string): string => `brevduva-draft ${key}`;
