// Draws an image with what was found on it.

const RIM = "rgba(0, 0, 0, 0.65)";

/** Fills the canvas with the image, at its size, and marks the things in `colour`, points joined as `edges` say. */
export function draw(canvas, image, things, { edges, colour }) {
  const { width, height } = image;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  // So that marks look alike on small and large pictures, which are shown at one width.
  const unit = Math.max(width, height) / 480;
  Object.assign(pen, { lineJoin: "round", lineCap: "round", font: `600 ${14 * unit}px system-ui, sans-serif` });
  const at = ([x, y]) => [x * width, y * height];
  for (const { box, points, label } of things) {
    const thin = Math.min(unit, Math.max(unit / 2, extent(box, points, at) / (box ? 90 : 150)));
    const path = new Path2D();
    if (box) path.rect(box[0] * width, box[1] * height, box[2] * width, box[3] * height);
    for (const [from, to] of edges) {
      path.moveTo(...at(points[from]));
      path.lineTo(...at(points[to]));
    }
    stroke(pen, path, colour, thin);
    for (const point of points) dot(pen, at(point), colour, thin);
    if (label) write(pen, label, corner(box, points, at), colour, unit);
  }
}

function stroke(pen, path, colour, unit) {
  for (const [style, lineWidth] of [[RIM, 4.5 * unit], [colour, 2.5 * unit]]) {
    Object.assign(pen, { strokeStyle: style, lineWidth });
    pen.stroke(path);
  }
}

function dot(pen, [x, y], colour, unit) {
  for (const [style, radius] of [[RIM, 3.4 * unit], [colour, 2.4 * unit]]) {
    pen.fillStyle = style;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }
}

/** Pixels of a thing's longer side: marks must not hide what is small. */
function extent(box, points, at) {
  const corners = box ? [[box[0], box[1]], [box[0] + box[2], box[1] + box[3]]] : points;
  const [across, down] = [0, 1].map((axis) => corners.map((corner) => at(corner)[axis]));
  return Math.max(Math.max(...across) - Math.min(...across), Math.max(...down) - Math.min(...down));
}

/** Where a label stands: over the box, or over the highest point. */
function corner(box, points, at) {
  if (box) return at(box);
  return at(points.reduce((one, other) => (other[1] < one[1] ? other : one)));
}

function write(pen, label, [x, y], colour, unit) {
  const wide = pen.measureText(label).width + 8 * unit;
  const high = 18 * unit;
  const left = Math.min(Math.max(x, 0), Math.max(0, pen.canvas.width - wide));
  const top = Math.min(Math.max(y - high - 2 * unit, 0), pen.canvas.height - high);
  pen.fillStyle = colour;
  pen.fillRect(left, top, wide, high);
  Object.assign(pen, { fillStyle: "#101418", textBaseline: "middle" });
  pen.fillText(label, left + 4 * unit, top + high / 2);
}
