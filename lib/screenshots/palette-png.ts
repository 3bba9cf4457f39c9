/**
 * Pictures of pages with a palette: a third of the bytes, and no difference that an eye would see.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32, deflateSync, inflateSync } from "node:zlib";

/** A picture's pixels, three bytes each, row by row. */
interface Pixels {
  width: number;
  height: number;
  rgb: Uint8Array;
}

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const MOST_COLOURS = 256;
/** Colours this near to each other, by {@link distance}, look the same. */
const NEAR = 100;

/**
 * The same picture with a palette of 256 colours at most; shades of letters' edges that are left out become the nearest
 * of them.
 *
 * @param png as Chromium takes pictures: 8 bits, red, green and blue, not interlaced (W3C, Portable Network Graphics)
 */
export function withPalette(png: Uint8Array): Uint8Array {
  const { width, height, rgb } = decode(png);
  const counts = new Map<number, number>();
  const colourAt = (i: number) => rgb[3 * i] << 16 | rgb[3 * i + 1] << 8 | rgb[3 * i + 2];
  for (let i = 0; i < width * height; i++) {
    counts.set(colourAt(i), (counts.get(colourAt(i)) ?? 0) + 1);
  }
  const palette = paletteOf(counts);
  const index = new Map(palette.map((colour, i) => [colour, i]));
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = colourAt(y * width + x);
      if (!index.has(colour)) index.set(colour, nearest(palette, colour));
      // The first byte of a row names its filter: none, as is best with palettes.
      rows[y * (width + 1) + x + 1] = index.get(colour)!;
    }
  }
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 3], 8);
  const colours = Uint8Array.from(palette.flatMap((c) => [c >> 16, c >> 8 & 255, c & 255]));
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("PLTE", colours),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array()),
  ];
  return new Uint8Array(Buffer.concat(parts));
}

/** The most frequent colours, but none that is hardly different from a more frequent one. */
function paletteOf(counts: Map<number, number>): number[] {
  // Equal counts in the order of the colours, so that the same picture gives the same bytes.
  const colours = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([colour]) => colour);
  const palette: number[] = [];
  for (const colour of colours) {
    if (palette.length === MOST_COLOURS) break;
    if (palette.every((other) => distance(colour, other) > NEAR)) palette.push(colour);
  }
  return palette;
}

/** The square of the distance of two colours. */
const distance = (one: number, other: number): number =>
  [16, 8, 0].reduce(
    (sum, shift) => sum + ((one >> shift & 255) - (other >> shift & 255)) ** 2,
    0,
  );

function nearest(palette: readonly number[], colour: number): number {
  let best = 0, least = Infinity;
  palette.forEach((other, i) => {
    const away = distance(colour, other);
    if (away < least) [best, least] = [i, away];
  });
  return best;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length), view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function decode(png: Uint8Array): Pixels {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const width = view.getUint32(16), height = view.getUint32(20);
  const [bits, kind, , , interlaced] = png.subarray(24, 29);
  if (bits !== 8 || kind !== 2 || interlaced !== 0) {
    throw new Error(`A picture of ${bits} bits and kind ${kind}, which Chromium does not take.`);
  }
  const data: Uint8Array[] = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(png.subarray(at + 4, at + 8));
    if (type === "IDAT") data.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const filtered = inflateSync(Buffer.concat(data));
  const stride = 3 * width;
  const rgb = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= 3 ? rgb[at - 3] : 0;
      const above = y > 0 ? rgb[at - stride] : 0;
      const corner = x >= 3 && y > 0 ? rgb[at - stride - 3] : 0;
      rgb[at] = filtered[y * (stride + 1) + x + 1] + predicted(filter, left, above, corner);
    }
  }
  return { width, height, rgb };
}

/** What a filter of the format predicts a byte to be. */
function predicted(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return left + above >> 1;
    default: {
      const estimate = left + above - corner;
      const [toLeft, toAbove, toCorner] = [left, above, corner].map((v) => Math.abs(estimate - v));
      return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    }
  }
}
