import type { en } from "./en";

export type Plural = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;
type English = typeof en;
export type TextKey = { [K in keyof English]: English[K] extends string ? K : never }[keyof English];
export type PluralKey = Exclude<keyof English, TextKey>;
export type Catalogue = Record<TextKey, string> & Record<PluralKey, Plural>;
