// A SAML identity provider (samlp of npm) on loopback: its metadata, and a sign-in that asks for no password.
// What the assertion says comes as JSON in the query; `node provider.mjs PORT`.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import samlp from "samlp";

const port = Number(process.argv[2]);
const file = (name) => readFileSync(new URL(name, import.meta.url));
const issuer = `http://127.0.0.1:${port}/idp`;
const acs = "https://signin.aws.amazon.com/saml";

function mapper(says) {
  return () => ({
    getClaims: () => says.attributes,
    getNameIdentifier: () => ({
      nameIdentifier: says.subject ?? "ann@example.com",
      nameIdentifierFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    }),
  });
}
mapper.prototype.metadata = [];

function signIn(says) {
  const who = says.stranger ? "stranger" : "idp";
  return samlp.auth({
    issuer,
    cert: file(`${who}.crt`),
    key: file(`${who}.key`),
    audience: says.audience ?? acs,
    recipient: says.recipient ?? acs,
    destination: acs,
    lifetimeInSeconds: says.lifetime ?? 300,
    signatureAlgorithm: says.algorithm ?? "rsa-sha256",
    digestAlgorithm: says.digest ?? "sha256",
    signResponse: says.sign === "response" || says.sign === "both",
    signAssertion: says.sign !== "response",
    typedAttributes: true,
    includeAttributeNameFormat: true,
    profileMapper: mapper(says),
    getUserFromRequest: () => ({}),
    getPostURL: (audience, dom, req, callback) => callback(null, acs),
    ...(says.encrypt && {
      encryptionPublicKey: file("decrypt.pub"),
      encryptionCert: file("decrypt.crt"),
      encryptionAlgorithm: says.encrypt,
      // AES-CBC, which AD FS uses and AWS takes.
      disallowEncryptionWithInsecureAlgorithm: false,
    }),
  });
}

const metadata = samlp.metadata({
  issuer,
  cert: file("idp.crt"),
  profileMapper: mapper,
  redirectEndpointPath: "/sso",
  postEndpointPath: "/sso",
});

createServer((req, res) => {
  const url = new URL(req.url, issuer);
  // What the middleware has of Express.
  req.originalUrl = req.url;
  req.protocol = "http";
  req.query = {};
  res.set = (name, value) => res.setHeader(name, value);
  res.send = (body) => res.end(body);
  const failed = (error) => {
    res.statusCode = 500;
    res.end(String(error));
  };
  if (url.pathname === "/metadata") {
    metadata(req, res);
  } else {
    signIn(JSON.parse(url.searchParams.get("says")))(req, res, failed);
  }
}).listen(port, "127.0.0.1", () => console.log("ready"));
