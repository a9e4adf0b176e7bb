/**
 * Branded primitives: a number that is a Uid cannot be passed where a SeqNum is wanted.
 *
 * The brand exists only in the type; at run time the value is the plain primitive. Constructors live beside the
 * noun they make (`mailbox/model/model.ts`), so the cast happens in one place per noun.
 */
declare const brand: unique symbol;

export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
