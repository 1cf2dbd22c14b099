// Pictures: those that came with the page, and those that a person chose.

import { Told, read } from "./models.js";

const LONGEST_SIDE = 1280; // as the page's own pictures: no model sees more

/** Pictures of the page's folder. */
export function ownPictures(listed) {
  return listed.map(({ file, name }) => ({ name, open: async () => decode(await (await read(file)).blob(), name) }));
}

/** Files that a person chose: all that say that they are pictures, or all where none does, so that each gets its say. */
export function chosenPictures(files) {
  const all = [...files];
  const likely = all.filter(({ type }) => type.startsWith("image/"));
  return (likely.length > 0 ? likely : all).map((file) => ({ name: file.name, open: () => decode(file, file.name) }));
}

/** The picture, turned as its EXIF says, at most LONGEST_SIDE along either side. Throws Told where it is none. */
async function decode(blob, name) {
  let image;
  try {
    image = await createImageBitmap(blob);
  } catch {
    throw new Told(`${name} is no picture that this browser can read. Choose a JPEG, PNG or WebP file.`);
  }
  const share = LONGEST_SIDE / Math.max(image.width, image.height);
  if (share >= 1) return image;
  const [resizeWidth, resizeHeight] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * share)));
  const smaller = await createImageBitmap(image, { resizeWidth, resizeHeight, resizeQuality: "high" });
  image.close();
  return smaller;
}
