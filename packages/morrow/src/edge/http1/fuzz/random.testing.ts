/** A stream of numbers that one seed fixes wholly (mulberry32), so that each find can be found again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: ArrayLike<Item>): Item {
    return items[Math.floor(this.next() * items.length)] as Item;
  }

  /** Each character drawn from `alphabet`. */
  text(alphabet: string, least: number, most: number): string {
    let text = '';
    for (let left = this.between(least, most); left > 0; left--)
      text += alphabet[Math.floor(this.next() * alphabet.length)];
    return text;
  }
}
