/** Whether a text says that something is attached, in the languages of the webmail: asked when nothing is. Pure. */

const WORDS =
  /\b(?:attached|attachments?|attaching|enclosed|bifogar|bifogad|bifogade|bifogat|bifoga|bilaga|bilagan|bilagor|bilagorna|bilägger|bilagd|bilagt)\b/iu;
/** "bifogar inte", "no attachment": nobody means to. */
const NOT = /\b(?:no|not|without|inga?|inte|utan)\s+(?:\S+\s+)?$/iu;

/** `text`: what the person has written, without what is quoted. */
export function saysAttached(text: string): boolean {
  const found = WORDS.exec(text.slice(0, 100_000));
  return found !== null && !NOT.test(text.slice(0, found.index));
}
