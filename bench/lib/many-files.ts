import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes small pages into `folder`, as many as `files`, spread evenly over `folders` folders, a hundred of
 * them in each folder above; into `folder` itself if it is one. Each page has a text of its own and a link to
 * the next.
 */
export function writeManyFiles(folder: string, files: number, folders: number): void {
  let number = 0;
  for (let index = 0; index < folders; index++) {
    const path =
      folders === 1 ? folder : join(folder, digits(Math.floor(index / 100), 3), digits(index % 100, 2));
    mkdirSync(path, { recursive: true });
    const end = Math.floor(((index + 1) * files) / folders);
    for (let file = 0; number < end; file++) {
      number++;
      writeFileSync(join(path, `f${digits(file, 6)}.html`), page(number, file, index));
    }
  }
}

function page(number: number, file: number, folder: number): string {
  // Knuth's multiplicative hash: digits that no other page has.
  const word = `${((BigInt(number) * 2654435761n) % 2n ** 64n).toString(16)} `;
  return `<html><head><title>Page ${file} of ${folder}</title></head><body><p>${word.repeat(1 + (number % 7))}</p><a href="f${digits(file + 1, 6)}.html">next</a></body></html>\n`;
}

function digits(number: number, count: number): string {
  return `${number}`.padStart(count, "0");
}
