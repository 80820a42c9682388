import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate and its key, in PEM. */
export interface Certified {
  /** Its common name. */
  readonly name: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Who it is for: an IPv4 address or a name of DNS. Default: 127.0.0.1. */
  readonly host?: string;
  /** Who signs it. Default: itself, as an authority, which has a name of its own each time. */
  readonly issuer?: Certified;
  /** Years of validity, from the first to the last. */
  readonly years?: readonly [number, number];
}

/** Makes a certificate of X.509 (RFC 5280) with a key on the curve P-256. */
export function makeCertificate({
  host = "127.0.0.1",
  issuer,
  years = [2020, 2049],
}: CertificateOptions = {}): Certified {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authority = issuer === undefined;
  const signer: KeyObject = authority ? pair.privateKey : createPrivateKey(issuer.key);
  const algorithm = sequence(ECDSA_WITH_SHA256);
  const subject = authority ? `test authority ${randomBytes(8).toString("hex")}` : host;
  const address = /^\d+(?:\.\d+){3}$/.test(host);
  const name = address ? der(0x87, Buffer.from(host.split(".").map(Number))) : der(0x82, Buffer.from(host));
  const extensions = authority
    ? [extension("551d13", sequence(der(0x01, Buffer.from([0xff]))))]
    : [extension("551d11", sequence(name))];
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    commonName(issuer?.name ?? subject),
    sequence(...years.map((year) => der(0x17, Buffer.from(`${String(year).slice(2)}0101000000Z`)))),
    commonName(subject),
    pair.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", content, signer);
  const whole = sequence(content, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g)!;
  return {
    name: subject,
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

/** An element of DER (X.690): its tag, its length, its contents. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length: count } = content;
  const length = count < 128 ? [count] : count < 256 ? [0x81, count] : [0x82, count >> 8, count & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...contents: Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function identifier(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

const ECDSA_WITH_SHA256 = identifier("2a8648ce3d040302");

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(identifier("550403"), der(0x0c, Buffer.from(name)))));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(identifier(id), der(0x04, value));
}
