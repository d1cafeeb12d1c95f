/** Something that is not as it has to be. The sentence says what is wrong, what that endangers and what to change. */
export interface Finding {
  readonly sentence: string;
  /** It can lose what was committed, and nothing else: tolerable where nobody needs the data, as in a test. */
  readonly isAboutDurability?: boolean;
}
