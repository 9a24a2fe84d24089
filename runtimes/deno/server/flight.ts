// What is in flight, by number and in lists. A Map or a Set would do, but with entries that come and go at this rate their
// old tables keep requests alive until a full garbage collection.

/** Invocations by the number that they get here. */
export class Flight<T extends { number: number }> {
  #slots: (T | null)[] = new Array(256).fill(null);
  #number = 0;
  size = 0;

  /** Gives the invocation its number. */
  add(invocation: T): void {
    if (this.size * 2 >= this.#slots.length) this.#grow();
    do this.#number = (this.#number + 1) >>> 0 || 1; while (
      this.#slots[this.#number & (this.#slots.length - 1)] !== null
    );
    invocation.number = this.#number;
    this.#slots[this.#number & (this.#slots.length - 1)] = invocation;
    this.size += 1;
  }

  get(number: number): T | null {
    const invocation = this.#slots[number & (this.#slots.length - 1)];
    return invocation !== null && invocation.number === number ? invocation : null;
  }

  delete(invocation: T): void {
    this.#slots[invocation.number & (this.#slots.length - 1)] = null;
    this.size -= 1;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const invocation of this.#slots) if (invocation !== null) yield invocation;
  }

  #grow(): void {
    const slots: (T | null)[] = new Array(this.#slots.length * 2).fill(null);
    for (const invocation of this) slots[invocation.number & (slots.length - 1)] = invocation;
    this.#slots = slots;
  }
}
