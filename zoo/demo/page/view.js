// What is seen and heard of a look at an image, of times, and of what went wrong.

import { draw } from "./drawing.js";
import { Told, reason } from "./models.js";

const FEWEST_TELLING = 10; // frames below which a ratio is shown, and said to tell little

/** The elements of the page that have an id, by it. */
export const part = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));

/** Says it where it is new only: a screen reader would read it again. */
export function write(name, text) {
  if (part[name].textContent !== text) part[name].textContent = text;
}

/** An error, or null for none any more. */
export function tell(error) {
  if (error === null) write("problem", "");
  else write("problem", error instanceof Told ? error.message : `Something failed: ${reason(error)}. Reload the page.`);
}

/** For those who listen. */
export function say(text) {
  write("said", text);
}

const ms = (value) => `${value.toFixed(1)}\u00a0ms`;

export class View {
  #contents;

  /** `contents`: of demo.json. */
  constructor(contents) {
    this.#contents = contents;
  }

  /** Draws what both sides found on an image. */
  show(image, found, name) {
    const { sides, edges, colours } = this.#contents;
    sides.forEach((side, number) => {
      const { things, milliseconds } = found[number];
      draw(part[side.name], image, things, { edges, colour: colours[number] });
      part[side.name].setAttribute("aria-label", `${side.heading}: ${this.#counted(things)} on ${name}`);
      write(`${side.name}_found`, `${this.#counted(things)}, this frame in ${ms(milliseconds)}`);
    });
  }

  /** Empties both canvases, for an image that was not read. */
  blank(name) {
    for (const side of this.#contents.sides) {
      const canvas = part[side.name];
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
      canvas.setAttribute("aria-label", `${side.heading}: nothing, ${name} was not read`);
      write(`${side.name}_found`, "–");
    }
  }

  /** What both sides found, in a sentence. */
  summary(found, name) {
    const parts = this.#contents.sides.map(({ heading }, number) => {
      const { things, milliseconds } = found[number];
      return `${heading.toLowerCase()} found ${this.#counted(things)} in ${ms(milliseconds)}`;
    });
    return `${name}: ${parts.join(", ")}.`;
  }

  /** The times so far. */
  showTimes(timing) {
    const [left, right] = this.#contents.sides.map(({ heading }) => heading.toLowerCase());
    const { summary: all, passed } = timing;
    const n = all?.n ?? 0;
    const spread = n > 3 ? `; half of them lie between ${all.low.toFixed(2)} and ${all.high.toFixed(2)}` : "";
    const medians = all ? ` Median times: ${left} ${ms(all.left)}, ${right} ${ms(all.right)}.` : "";
    const few = n < FEWEST_TELLING ? " That is too few to tell; time more." : "";
    write("ratio", all ? all.ratio.toFixed(2) : "–");
    part.ratio.classList.toggle("few", few !== "");
    write("about", `${right} over ${left}, median of n = ${n} frame${n === 1 ? "" : "s"}${spread}.${medians}${few}`);
    const frames = passed === 1 ? "1 frame is" : `${passed} frames are`;
    const why = `not counted: the two found different numbers of ${this.#contents.many}.`;
    write("passed", passed ? `${frames} ${why}` : "");
  }

  #counted(things) {
    const { one, many } = this.#contents;
    return `${things.length} ${things.length === 1 ? one : many}`;
  }
}
