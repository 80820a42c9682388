import { DocteurError } from "../../reader/errors.ts";

/** The author of a commit. */
export interface Author {
  readonly name: string;
  readonly email: string;
}

/** The author of every folder's commit in the original. */
export const DEFAULT_AUTHOR: Author = { name: "Dr. Greenthumb", email: "noreply@cypress.hill" };

/**
 * Parses `Name <email>`.
 * @throws {DocteurError} `BAD_AUTHOR`: not of that form, no name, or a character that ends the line or the
 * field in a commit.
 */
export function parseAuthor(text: string): Author {
  const [, name, email] = /^\s*([^<>\0\r\n]*?)\s*<\s*([^<>\0\r\n]*?)\s*>\s*$/.exec(text) ?? [];
  if (name === undefined || email === undefined || name === "") {
    throw new DocteurError(
      "BAD_AUTHOR",
      `bad author ${JSON.stringify(text)}: it must have the form Name <email>`,
    );
  }
  return { name, email };
}
