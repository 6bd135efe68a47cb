import { expect, it } from "vitest";
import { placeCard } from "./placement";

const view = (right: number, bottom: number) => ({ left: 0, top: 0, right, bottom });

it("goes beside the column, else below or above the words", () => {
  const words = { left: 200, top: 300, right: 260, bottom: 320 };
  expect(
    placeCard(words, { left: 100, top: 0, right: 800, bottom: 5000 }, view(1280, 800), 300),
  ).toMatchObject({
    side: "right",
    left: 812,
    top: 292,
  });
  expect(placeCard(words, { left: 500, top: 0, right: 1200, bottom: 5000 }, view(1280, 800), 300).side).toBe(
    "left",
  );
  const wide = { left: 0, top: 0, right: 1000, bottom: 5000 };
  expect(placeCard(words, wide, view(1000, 800), 300).side).toBe("below");
  expect(placeCard({ ...words, top: 700, bottom: 720 }, wide, view(1000, 800), 300).side).toBe("above");
});

it("stays inside the window wherever the words are", () => {
  for (const [width, height] of [
    [320, 568],
    [700, 420],
    [1000, 300],
    [1600, 1000],
  ] as const)
    for (let top = -400; top < height + 400; top += 37)
      for (let left = 0; left < width; left += 61)
        for (const tall of [120, 420, 2000]) {
          const words = { left, top, right: left + 60, bottom: top + 20 };
          const place = placeCard(
            words,
            { left: 0, top: -900, right: width - 200, bottom: 9000 },
            view(width, height),
            tall,
          );
          const used = Math.min(tall, place.maxHeight);
          expect(place.left).toBeGreaterThanOrEqual(0);
          expect(place.left + place.width).toBeLessThanOrEqual(width);
          expect(place.top).toBeGreaterThanOrEqual(0);
          expect(place.top + used).toBeLessThanOrEqual(height);
        }
});
