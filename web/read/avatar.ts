/** A letter and one of eight hues for a person: made here, so nobody is asked for a picture. */
export function avatarOf(name: string, address: string): { readonly letter: string; readonly hue: number } {
  const [word = '?'] = name.normalize('NFC').match(/\p{L}+|\p{N}+/gu) ?? [];
  let hash = 0;
  for (const letter of address.trim().toLowerCase())
    hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) | 0;
  return { letter: (Array.from(word)[0] ?? '?').toLocaleUpperCase(), hue: (hash >>> 0) % 8 };
}
