import test from "ava";
import fc from "fast-check";
import { findNetrc, NetrcSyntaxError } from "../../../remote/http/netrc.ts";

const alice = { login: "alice", password: "secret" };

test("the entry of a machine is found, on one line or on several, whatever the case of its name", (t) => {
  t.deepEqual(findNetrc("machine example.org login alice password secret", "example.org"), alice);
  t.deepEqual(
    findNetrc(
      "machine other login x password y\nmachine Example.org\n\tlogin alice\r\n\n password secret\n",
      "EXAMPLE.ORG",
    ),
    alice,
  );
  t.deepEqual(
    findNetrc("machine example.org password secret login alice account none", "example.org"),
    alice,
  );
  t.is(findNetrc("machine example.org login alice password secret", "www.example.org"), undefined);
  t.deepEqual(findNetrc("MACHINE example.org Login alice PASSWORD secret", "example.org"), alice);
  t.is(findNetrc("", "example.org"), undefined);
});

test("the first entry that has credentials counts, and the default for any machine", (t) => {
  const text =
    "machine a\nmachine a login alice password secret\nmachine a login bob password other\ndefault login any password one";
  t.deepEqual(findNetrc(text, "a"), alice);
  t.deepEqual(findNetrc(text, "b"), { login: "any", password: "one" });
  t.deepEqual(findNetrc("default login alice password secret\nmachine a login bob password x", "a"), alice);
});

test("one half of the credentials is enough", (t) => {
  t.deepEqual(findNetrc("machine a login alice", "a"), { login: "alice", password: "" });
  t.deepEqual(findNetrc("machine a password secret", "a"), { login: "", password: "secret" });
  t.is(findNetrc("machine a login", "a"), undefined);
  t.is(findNetrc("machine", "a"), undefined);
});

test("the lines of a macro, and comments, are no entries", (t) => {
  t.deepEqual(
    findNetrc(
      "macdef init\nmachine a login evil password evil\n\n# machine a login b password c\nmachine a # mine\n login alice password secret",
      "a",
    ),
    alice,
  );
  t.is(findNetrc("macdef init\nmachine a login evil password evil", "a"), undefined);
});

test("a value may look like a keyword, and in quotes like a comment", (t) => {
  t.deepEqual(findNetrc("machine a login password password machine", "a"), {
    login: "password",
    password: "machine",
  });
  t.deepEqual(findNetrc('machine a login "#me" password macdef\nmachine b', "a"), {
    login: "#me",
    password: "macdef",
  });
  t.deepEqual(findNetrc("machine default login x password y", "z"), undefined);
});

test("a value in quotes has spaces and escapes", (t) => {
  t.deepEqual(findNetrc(String.raw`machine a login "al ice" password "s\"e\\c\nr\et"`, "a"), {
    login: "al ice",
    password: 's"e\\c\nret',
  });
  t.deepEqual(findNetrc('machine a login "" password "x"', "a"), { login: "", password: "x" });
});

test("a quote that is not closed is an error with its line", (t) => {
  const error = t.throws(() => findNetrc('machine a\nlogin "alice\npassword x', "a"), {
    instanceOf: NetrcSyntaxError,
  });
  t.is(error?.line, 2);
});

test("what is written is found, and any text ends", (t) => {
  const word = fc.stringMatching(/^[!$-~][!#-~]{0,19}$/);
  fc.assert(
    fc.property(word, word, (login, password) => {
      const found = findNetrc(
        `machine b login x password y\nmachine a login ${login} password ${password}\n`,
        "a",
      );
      return found?.login === login && found.password === password;
    }),
  );
  const keyword = fc.constantFrom(
    "machine",
    "default",
    "login",
    "password",
    "macdef",
    "\n",
    '"',
    "#",
    "a",
    "\\",
  );
  fc.assert(
    fc.property(fc.array(keyword), (words) => {
      try {
        findNetrc(words.join(" "), "a");
      } catch (error) {
        return error instanceof NetrcSyntaxError;
      }
      return true;
    }),
  );
  t.pass();
});
