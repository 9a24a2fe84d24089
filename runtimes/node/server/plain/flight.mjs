/** Invocations by the number that they get here. A Map would do, but for what list.mjs says of Sets. */
export class Flight {
  #slots = new Array(256).fill(null);
  #number = 0;
  size = 0;

  /** Gives the invocation its number. */
  add(invocation) {
    if (this.size * 2 >= this.#slots.length) this.#grow();
    do this.#number = (this.#number + 1) >>> 0 || 1;
    while (this.#slots[this.#number & (this.#slots.length - 1)] !== null);
    invocation.number = this.#number;
    this.#slots[this.#number & (this.#slots.length - 1)] = invocation;
    this.size += 1;
  }

  /** The invocation of a number, or null. */
  get(number) {
    const invocation = this.#slots[number & (this.#slots.length - 1)];
    return invocation !== null && invocation.number === number ? invocation : null;
  }

  delete(invocation) {
    this.#slots[invocation.number & (this.#slots.length - 1)] = null;
    this.size -= 1;
  }

  *[Symbol.iterator]() {
    for (const invocation of this.#slots) if (invocation !== null) yield invocation;
  }

  #grow() {
    const slots = new Array(this.#slots.length * 2).fill(null);
    for (const invocation of this) slots[invocation.number & (slots.length - 1)] = invocation;
    this.#slots = slots;
  }
}
