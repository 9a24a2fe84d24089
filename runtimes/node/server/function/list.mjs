/**
 * Objects in no order; each has a member `place`, which belongs to the list. A Set would do, but where entries come and go at
 * this rate its old tables keep them alive until a full garbage collection: memory doubles, and a fifth of the time goes there.
 */
export class List {
  #items = [];

  get size() {
    return this.#items.length;
  }

  add(item) {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  delete(item) {
    if (item.place < 0) return;
    const last = this.#items.pop();
    if (last !== item) {
      this.#items[item.place] = last;
      last.place = item.place;
    }
    item.place = -1;
  }

  /** A copy, so that a loop over it may delete. */
  items() {
    return [...this.#items];
  }
}
