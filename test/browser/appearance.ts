import type { Page } from "playwright-core";

// What runs in the page goes as text: the types of this project are not those of a browser.

/** The addresses of images of a page that did not load. */
export function brokenImages(page: Page): Promise<string[]> {
  return page.evaluate(
    "[...document.images].filter((image) => image.complete && image.naturalWidth === 0).map(({ src }) => src)",
  );
}

/** The colour behind a page. */
export function background(page: Page): Promise<string> {
  return page.evaluate("getComputedStyle(document.body).backgroundColor");
}

/** Whether all text has the contrast that WCAG 2.2 wants of normal text (1.4.3): at least 4.5 to 1. */
export function isReadable(page: Page): Promise<boolean> {
  return page.evaluate(`(() => {
    const luminance = (color) => {
      const [red, green, blue] = color.match(/[\\d.]+/g).map((part) => {
        const value = Number(part) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const groundOf = (element) => {
      const ground = getComputedStyle(element).backgroundColor;
      return ground === "rgba(0, 0, 0, 0)" ? groundOf(element.parentElement) : ground;
    };
    const texts = [...document.querySelectorAll("h1, a, td, th, code, pre, p, footer")];
    return texts.length > 0 && texts.every((element) => {
      const colors = [getComputedStyle(element).color, groundOf(element)];
      const [low, high] = colors.map(luminance).toSorted((a, b) => a - b);
      return (high + 0.05) / (low + 0.05) >= 4.5;
    });
  })()`);
}
