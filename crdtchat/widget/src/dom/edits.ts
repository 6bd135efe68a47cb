/** What an edit left alone: the common head and tail of a text before and after it, in UTF-16 units. */
export class Edit {
  /** Length of the common head. */
  readonly head: number;
  /** Where the common tail begins in the text before, and how far it was moved. */
  readonly tail: number;
  readonly shift: number;

  constructor(before: string, after: string) {
    const most = Math.min(before.length, after.length);
    let head = 0;
    while (head < most && before.charCodeAt(head) === after.charCodeAt(head)) head++;
    let tail = 0;
    while (
      tail < most - head &&
      before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
    )
      tail++;
    this.head = head;
    this.tail = before.length - tail;
    this.shift = after.length - before.length;
  }

  /** How far a stretch of the text before was moved as a whole, or undefined if the edit touched it. */
  moved(start: number, end: number): number | undefined {
    if (end <= this.head) return 0;
    return start >= this.tail ? this.shift : undefined;
  }
}
