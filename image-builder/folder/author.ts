import { DocteurError } from "../../reader/errors.ts";

/** Who a commit says made it. */
export interface Author {
  readonly name: string;
  readonly email: string;
}

/** Whom the original names as the author of every folder. */
export const DEFAULT_AUTHOR: Author = { name: "Dr. Greenthumb", email: "noreply@cypress.hill" };

/**
 * Parses `Name <email>`.
 * @throws {DocteurError} `BAD_AUTHOR`: not of that form, no name, or a character that would end the commit's line or field.
 */
export function parseAuthor(text: string): Author {
  const [, name, email] = /^\s*([^<>\0\r\n]*?)\s*<\s*([^<>\0\r\n]*?)\s*>\s*$/.exec(text) ?? [];
  if (name === undefined || email === undefined || name === "") {
    throw new DocteurError("BAD_AUTHOR", `bad author ${JSON.stringify(text)}: it must be as Name <email> is`);
  }
  return { name, email };
}
