/** Which discussions the panel shows. */
export const FILTERS = ["open", "resolved", "mine", "mentions", "orphaned", "all"] as const;
export type Filter = (typeof FILTERS)[number];
