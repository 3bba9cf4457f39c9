/**
 * Numbers of a run as people read them.
 *
 * @module
 */

/** 1234.5 seconds are "20 min 34 s"; two units at most. */
export function durationText(seconds: number): string {
  const units: [string, number][] = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  let rest = Math.max(0, Math.round(seconds));
  const first = units.findIndex(([, size]) => rest >= size);
  if (first < 0) return "0 s";
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return { unit, count };
  });
  return parts.filter(({ count }) => count > 0).map(({ unit, count }) => `${count} ${unit}`)
    .join(" ");
}

/** How long ago the ISO time `then` was at the ISO time `now`; from a minute on without seconds. */
export function ageText(then: string, now: string): string {
  const seconds = (Date.parse(now) - Date.parse(then)) / 1000;
  return `${durationText(seconds < 60 ? seconds : seconds - seconds % 60)} ago`;
}

/** Three significant digits, or a dash. */
export const numberText = (value: number | null): string =>
  value === null ? "–" : String(Number(value.toPrecision(3)));

/** 0.756 is "75.6 %". */
export const percentText = (value: number | null): string =>
  value === null ? "–" : `${(100 * value).toFixed(1)} %`;

/** Whole numbers with separators; the same on server and browser whatever their languages. */
export const countText = (value: number): string => Math.round(value).toLocaleString("en");
