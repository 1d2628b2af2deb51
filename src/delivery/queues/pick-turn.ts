/** The turn that a message of a priority topic was picked in. */
export interface PickTurn {
  /** The pick is not delivered: whoever had the turn has it again. */
  cameToNothing(): void;
}
