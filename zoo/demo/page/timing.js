// Times of both sides, frame by frame, and what they come to.

const KEPT = 2000;

export class Timing {
  #pairs = [];
  counted = 0;
  passed = 0; // frames on which the two found different numbers, which are not counted

  clear() {
    this.#pairs = [];
    this.counted = 0;
    this.passed = 0;
  }

  /** One frame: milliseconds left and right. */
  add(left, right) {
    this.#pairs.push([left, right]);
    this.counted += 1;
    if (this.#pairs.length > KEPT) this.#pairs.shift();
  }

  /** Medians of both sides and of their ratio, right over left, frame by frame, with its middle half; null before. */
  get summary() {
    if (this.#pairs.length === 0) return null;
    const ratios = this.#pairs.map(([left, right]) => right / left).sort(byValue);
    const side = (index) => quantile(this.#pairs.map((pair) => pair[index]).sort(byValue), 0.5);
    return {
      ...{ n: this.#pairs.length, left: side(0), right: side(1) },
      ...{ ratio: quantile(ratios, 0.5), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) },
    };
  }
}

const byValue = (one, other) => one - other;

/** Of sorted values, between neighbours in proportion. */
export function quantile(sorted, share) {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.ceil(place);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
