// Output as lines.

/** A line that goes on for longer is cut. */
export const LONGEST_LINE = 1_048_576;

/** Cuts raw output into lines, without their line breaks; invalid UTF-8 is replaced. */
export class LineCutter {
  #decoder = new TextDecoder();
  #rest = "";
  #emit: (line: string) => void;

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#emit(line);
    while (this.#rest.length >= LONGEST_LINE) {
      this.#emit(this.#rest.slice(0, LONGEST_LINE));
      this.#rest = this.#rest.slice(LONGEST_LINE);
    }
  }

  /** What is left without a line break at its end. */
  end(): void {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    if (rest !== "") this.#emit(rest);
  }
}
