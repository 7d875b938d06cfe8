"""Makes the documents that the tests of this crate read: metadata, and responses good and bad.

Signs with OpenSSL (by `cryptography`) over canonical forms of libxml2 (by `lxml`), so that nothing of ours vouches for
itself. Each run makes new keys: run it only to add documents. Needs `pip install lxml cryptography`.
"""

import base64
import copy
import datetime
import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

HERE = pathlib.Path(__file__).parent
ISSUER = "https://idp.example.com/saml"
NS = {
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "d": "http://www.w3.org/2000/09/xmldsig#",
}
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
ENVELOPED = NS["d"] + "enveloped-signature"
DIGESTS = {
    "sha1": (NS["d"] + "sha1", hashes.SHA1()),
    "sha256": (ENC + "sha256", hashes.SHA256()),
    "sha384": (MORE + "sha384", hashes.SHA384()),
    "sha512": (ENC + "sha512", hashes.SHA512()),
}

RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
STRANGER = rsa.generate_private_key(65537, 2048)
DECRYPT = rsa.generate_private_key(65537, 2048)


def certificate(key, years=20):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example.com")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start)
    builder = builder.not_valid_after(start + datetime.timedelta(days=365 * years))
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return base64.encodebytes(der).decode()


def metadata():
    keys = "".join(
        f'    <KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{certificate(key)}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>\n"
        for key in (RSA, P256, P384)
    )
    return f"""<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="{NS["d"]}" entityID="{ISSUER}">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
{keys}    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/>
  </IDPSSODescriptor>
</EntityDescriptor>
"""


ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_assertion" IssueInstant="2026-11-22T12:00:00Z" Version="2.0">
  <saml:Issuer>https://idp.example.com/saml</saml:Issuer>
  <saml:Subject>
    <saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ann@example.com</saml:NameID>
    <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
      <saml:SubjectConfirmationData NotOnOrAfter="2026-11-22T12:05:00Z" Recipient="https://signin.aws.amazon.com/saml"/>
    </saml:SubjectConfirmation>
  </saml:Subject>
  <saml:Conditions NotBefore="2026-11-22T11:59:30.123Z" NotOnOrAfter="2026-11-22T12:10:00Z">
    <saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction>
  </saml:Conditions>
  <saml:AuthnStatement AuthnInstant="2026-11-22T12:00:00Z" SessionNotOnOrAfter="2026-11-22T20:00:00Z">
    <saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>
  </saml:AuthnStatement>
  <saml:AttributeStatement>
    <saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><saml:AttributeValue>ann</saml:AttributeValue></saml:Attribute>
    <saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">
      <saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">arn:aws:iam::000000000000:role/admin,arn:aws:iam::000000000000:saml-provider/idp</saml:AttributeValue>
      <saml:AttributeValue> arn:aws:iam::000000000000:saml-provider/idp , arn:aws:iam::000000000000:role/reader </saml:AttributeValue>
    </saml:Attribute>
    <saml:Attribute Name="note"><saml:AttributeValue>a &lt; b &amp; "c"&#13;</saml:AttributeValue></saml:Attribute>
  </saml:AttributeStatement>
</saml:Assertion>"""

RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:unused="urn:unused" Destination="https://signin.aws.amazon.com/saml" ID="_response" IssueInstant="2026-11-22T12:00:00Z" Version="2.0">
  <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.com/saml</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  @@
</samlp:Response>"""


def response(assertion=ASSERTION, shell=RESPONSE):
    return etree.fromstring(shell.replace("@@", assertion))


def find(root, path):
    found = root.xpath(path, namespaces=NS)
    assert len(found) == 1, (path, len(found))
    return found[0]


def assertion_of(root):
    return root if root.tag.endswith("}Assertion") else find(root, "//a:Assertion")


def c14n(node, exclusive=True, comments=False, prefixes=()):
    listed = [prefix for prefix in prefixes if prefix] if prefixes else None
    tree = etree.tostring(node, method="c14n", exclusive=exclusive, with_comments=comments, inclusive_ns_prefixes=listed)
    return tree


def sha(name, data):
    digest = hashes.Hash(DIGESTS[name][1])
    digest.update(data)
    return digest.finalize()


def raw_sign(key, name, data):
    """The signature's bytes and the name of its method."""
    hash_ = DIGESTS[name][1]
    if isinstance(key, bytes):
        mac = hmac.HMAC(key, hash_)
        mac.update(data)
        return mac.finalize(), MORE + f"hmac-{name}"
    if isinstance(key, rsa.RSAPrivateKey):
        method = NS["d"] + "rsa-sha1" if name == "sha1" else MORE + f"rsa-{name}"
        return key.sign(data, padding.PKCS1v15(), hash_), method
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hash_)))
    size = key.key_size // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big"), MORE + f"ecdsa-{name}"


def sign(node, key=RSA, hash_="sha256", digest=None, uri=None, comments=False, prefixes=(), transforms=None,
         exclusive=True, references=1, key_info=False, at=None, reference_to=None):
    """Signs `node` in place, as `node`'s second child or where `at` says."""
    digest = digest or hash_
    method = (EXC + "WithComments" if comments else EXC) if exclusive else "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    kept = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{" ".join(prefixes)}"/>' if prefixes else ""
    if transforms is None:
        transforms = f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{method}">{kept}</ds:Transform>'
    target = node if reference_to is None else reference_to
    value = base64.b64encode(sha(digest, c14n(target, exclusive, comments, prefixes))).decode()
    uri = "#" + target.get("ID") if uri is None else uri
    reference = (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{DIGESTS[digest][0]}"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference>'
    )
    _, name = raw_sign(key, hash_, b"")
    key_info = key_info and not isinstance(key, bytes)
    info = key_info and f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate(key)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    text = (
        f'<ds:Signature xmlns:ds="{NS["d"]}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{method}"/>'
        f'<ds:SignatureMethod Algorithm="{name}"/>{reference * references}</ds:SignedInfo>'
        f"<ds:SignatureValue/>{info or ''}</ds:Signature>"
    )
    element = etree.fromstring(text)
    (node if at is None else at).insert(1 if at is None else 0, element)
    signed, _ = raw_sign(key, hash_, c14n(find(element, "d:SignedInfo"), exclusive, comments))
    find(element, "d:SignatureValue").text = base64.encodebytes(signed).decode()
    return element


def text(root):
    return etree.tostring(root).decode()


def signed(assertion=ASSERTION, shell=RESPONSE, what="assertion", **how):
    root = response(assertion, shell)
    if what in ("assertion", "both"):
        sign(assertion_of(root), **how)
    if what in ("response", "both"):
        sign(root, **how)
    return root


cases = []


def good(name, root, subject="ann@example.com"):
    cases.append((name, "ok " + subject, root if isinstance(root, str) else text(root)))


def bad(name, outcome, root):
    cases.append((name, outcome, root if isinstance(root, str) else text(root)))


# Good ones: who signs, with what, and every shape of namespaces.
good("the assertion is signed", signed())
good("the response is signed", signed(what="response"))
good("both are signed", signed(what="both"))
for name in ("sha384", "sha512"):
    good(f"RSA with {name}", signed(hash_=name))
good("ECDSA on P-256", signed(key=P256))
good("ECDSA on P-384", signed(key=P384, hash_="sha384"))
good("a digest other than the signature's", signed(hash_="sha512", digest="sha256"))
good("with KeyInfo", signed(key_info=True))
good("prefixes are kept", signed(prefixes=("xs", "unused"), what="both"))
good("comments are signed", signed(ASSERTION.replace("<saml:Subject>", "<saml:Subject><!-- here -->"), comments=True))
good("default namespaces", signed(
    ASSERTION.replace("saml:", "").replace("xmlns:saml=", "xmlns="),
    RESPONSE.replace("samlp:", "").replace("xmlns:samlp=", "xmlns=")))
good("namespaces of outside", signed(
    ASSERTION.replace(' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', ""),
    RESPONSE.replace("xmlns:unused=", 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:unused=')))
good("a prefix that changes its meaning", signed(ASSERTION.replace(
    "<saml:AttributeValue>ann",
    '<saml:AttributeValue xmlns:b="urn:b" xmlns:a="urn:a" a:z="1" b:a="2" c="3" xml:lang="en">ann').replace(
    '<saml:Attribute Name="note">', '<saml:Attribute Name="odd"><saml:AttributeValue><x xmlns="urn:x"><y xmlns=""><a:z xmlns:a="urn:other" xmlns:q="urn:q"><a:z xmlns:a="urn:inner"/></a:z></y></x></saml:AttributeValue></saml:Attribute><saml:Attribute Name="note">')))
good("attributes with white space and quotes", signed(ASSERTION.replace(
    'Name="note"', 'FriendlyName="a&#9;b&#10;c &quot;d&quot; &lt;e&gt; \'f\'" Name="note"'), what="both"))
good("CDATA", signed(ASSERTION.replace("a &lt; b", "<![CDATA[a < b]]>")))
# Somebody puts a comment into a name that was signed: the signature holds, and the name must stay whole.
good("a comment put into the name", text(signed()).replace("ann@example.com<", "ann@<!-- -->example.com<"))
good("a comment put into the role", text(signed()).replace("role/admin,", "role/<!-- -->admin,"))

# Altered, unsigned, or signed by somebody else.
bad("an altered name", "Signature", text(signed()).replace("ann@example.com", "root@example.com"))
bad("an altered role", "Signature", text(signed(what="response")).replace("role/admin", "role/owner"))
bad("an altered assertion below a signed response", "Signature", text(signed(what="both")).replace("role/admin", "role/owner"))
bad("unsigned", "Signature", response())
bad("signed by a stranger", "Signature", signed(key=STRANGER))
bad("signed by a stranger who brings the key along", "Signature", signed(key=STRANGER, key_info=True))
bad("the response is signed by a stranger, the assertion is good", "Signature", (lambda r: (sign(r, key=STRANGER), r)[1])(signed()))
bad("signed with a public key as a secret", "Signature", signed(key=RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)))
bad("SHA-1", "Signature", signed(hash_="sha1"))
bad("a digest by SHA-1", "Signature", signed(digest="sha1"))
good("inclusive canonicalization", signed(exclusive=False))
bad("an ECDSA key with the other curve's hash", "Signature", signed(key=P384))
bad("no reference", "Signature", signed(references=0))
bad("two references", "Signature", signed(references=2))
bad("an empty reference", "Signature", signed(what="response", uri=""))
bad("a reference by XPointer", "Signature", signed(uri="#xpointer(id('_assertion'))"))
bad("a reference to elsewhere", "Signature", signed(uri="https://example.com/a.xml"))
for name, transforms in {
    "XSLT": f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
    "XPath": f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath></ds:Transform><ds:Transform Algorithm="{EXC}"/>',
    "nothing enveloped": f'<ds:Transform Algorithm="{EXC}"/>',
    "another order": f'<ds:Transform Algorithm="{EXC}"/><ds:Transform Algorithm="{ENVELOPED}"/>',
    "no canonicalization": f'<ds:Transform Algorithm="{ENVELOPED}"/>',
    "none": "",
}.items():
    bad(f"transforms: {name}", "Signature", signed(transforms=transforms))
root = signed()
find(root, "//d:DigestValue").text = base64.b64encode(b"\0" * 32).decode()
bad("an altered digest", "Signature", root)
# Parsers that take a comment's neighbor for the whole text read the forged digest here.
root = signed()
name = find(root, "//a:NameID")
name.text = "root@example.com"
bare = copy.deepcopy(root)
bare_signature = find(bare, "//d:Signature")
bare_signature.getparent().remove(bare_signature)
forged = base64.b64encode(sha("sha256", c14n(assertion_of(bare)))).decode()
value = find(root, "//d:DigestValue")
comment = etree.Comment(forged)
comment.tail, value.text = value.text, forged
value.append(comment)
bad("a forged digest before a comment", "Signature", root)
root = response()
part = find(root, "//a:Subject")
part.set("ID", "_subject")
sign(assertion_of(root), reference_to=part)
bad("only a part of the assertion is signed", "Signature", root)
root = response(shell=RESPONSE.replace("  @@", "  <samlp:Extensions/>\n  @@"))
sign(assertion_of(root), at=find(root, "//p:Extensions"))
bad("the signature stands elsewhere", "Signature", root)
root = response()
sign(assertion_of(root))
sign(assertion_of(root), key=STRANGER)
bad("two signatures of one element", "Malformed", root)

# Wrapping: what is signed is moved where the verifier finds it, and what is read is something else.
EVIL = ASSERTION.replace("ann@example.com", "root@example.com").replace("role/admin", "role/owner")


def evil_response(keep_id):
    shell = RESPONSE if keep_id else RESPONSE.replace("_response", "_evil")
    return response(EVIL.replace("_assertion", "_evil_assertion"), shell)


def wrap_response(into, keep_id=False):
    original = signed(what="response")
    signature = find(original, "d:Signature")
    evil = evil_response(keep_id)
    signature.getparent().remove(signature)
    evil.insert(1, signature)
    if into == "object":
        holder = etree.SubElement(signature, "{%s}Object" % NS["d"])
        holder.append(original)
    else:
        evil.insert(1, original)
    return evil


def wrap_assertion(into, evil_id="_evil_assertion"):
    root = signed()
    original = find(root, "a:Assertion")
    signature = find(original, "d:Signature")
    evil = etree.fromstring(EVIL.replace("_assertion", evil_id))
    index = root.index(original)
    if into == "before":
        root.insert(index, evil)
    elif into == "inside":
        root.replace(original, evil)
        evil.append(original)
    elif into == "moved signature":
        original.remove(signature)
        evil.insert(1, signature)
        root.insert(index, evil)
    elif into == "in the signature":
        root.replace(original, evil)
        original.remove(signature)
        signature.append(original)
        evil.insert(1, signature)
    elif into == "extensions":
        root.replace(original, evil)
        extensions = etree.Element("{%s}Extensions" % NS["p"])
        extensions.append(original)
        root.insert(1, extensions)
    elif into == "object":
        root.replace(original, evil)
        original.remove(signature)
        evil.insert(1, signature)
        etree.SubElement(signature, "{%s}Object" % NS["d"]).append(original)
    return root


bad("wrapping 1: the response in its signature", "Malformed", wrap_response("object"))
bad("wrapping 2: the response beside its signature", "Malformed", wrap_response("beside"))
bad("wrapping 3: another assertion before", "Malformed", wrap_assertion("before"))
bad("wrapping 4: the assertion in another", "Malformed", wrap_assertion("inside"))
bad("wrapping 5: the signature moved to another", "Malformed", wrap_assertion("moved signature"))
bad("wrapping 6: the assertion in a moved signature", "Malformed", wrap_assertion("in the signature"))
bad("wrapping 7: the assertion in extensions", "Malformed", wrap_assertion("extensions"))
bad("wrapping 8: the assertion in an object", "Malformed", wrap_assertion("object"))
bad("wrapping with the same id", "Malformed", wrap_assertion("before", "_assertion"))
bad("wrapping the response with the same id", "Malformed", wrap_response("object", keep_id=True))
root = signed()
original = find(root, "a:Assertion")
hidden = etree.fromstring(EVIL.replace("urn:oasis:names:tc:SAML:2.0:assertion", "urn:other"))
root.insert(root.index(original), hidden)
bad("an assertion of another namespace before", "Malformed", root)
bad("an id that comes twice", "Malformed", signed(ASSERTION.replace("_assertion", "_response")))
root = signed()
second = etree.fromstring(ASSERTION.replace("_assertion", "_second"))
root.append(second)
sign(second)
bad("two signed assertions", "Malformed", root)

# XML that is none of ours.
plain = text(signed())
bad("a document type", "Malformed", '<!DOCTYPE r>' + plain)
bad("entities", "Malformed", '<!DOCTYPE r [<!ENTITY a "ann"><!ENTITY b "&a;&a;&a;">]>' + plain.replace("ann@", "&b;@"))
bad("an outer entity", "Malformed", '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + plain.replace("ann@", "&a;@"))
bad("a processing instruction", "Malformed", plain.replace("<saml:Subject>", "<?x y?><saml:Subject>"))
bad("cut off", "Malformed", plain[:-20])
bad("an assertion alone", "Malformed", sign(etree.fromstring(ASSERTION)).getroottree().getroot())
bad("no assertion", "Malformed", signed(what="response", assertion=""))
bad("a comment signed into the name", "Malformed", signed(ASSERTION.replace("ann@", "ann<!-- -->@"), comments=True))

# Signed well, and not to be believed.
def change(*pairs):
    changed = ASSERTION
    for old, new in pairs:
        assert old in changed, old
        changed = changed.replace(old, new)
    return changed


bad("another issuer", "Issuer", signed(change((">https://idp.example.com/saml<", ">https://evil.example.com<"))))
bad("another issuer of the response", "Issuer", signed(shell=RESPONSE.replace("idp.example.com/saml<", "evil.example.com<")))
bad("not authenticated", "Rejected", signed(shell=RESPONSE.replace("status:Success", "status:Responder")))
bad("conditions that are over", "Expired", signed(change(("12:10:00Z", "12:00:30Z"))))
bad("a confirmation that is over", "Expired", signed(change(('NotOnOrAfter="2026-11-22T12:05:00Z" R', 'NotOnOrAfter="2026-11-22T12:01:00Z" R'))))
bad("made more than five minutes ago", "Expired", signed(change(
    ('IssueInstant="2026-11-22T12:00:00Z"', 'IssueInstant="2026-11-22T11:55:59Z"'), ("11:59:30.123Z", "11:55:59Z"))))
bad("a session that is over", "Expired", signed(change(("20:00:00Z", "12:00:59Z"))))
bad("made in the future", "NotYet", signed(change(('IssueInstant="2026-11-22T12:00:00Z"', 'IssueInstant="2026-11-22T12:03:00Z"'))))
bad("conditions that are yet to come", "NotYet", signed(change(("11:59:30.123Z", "12:03:00Z"))))
bad("another audience", "Audience", signed(change((">urn:amazon:webservices<", ">https://other.example.com<"))))
bad("a second audience restriction that is not met", "Audience", signed(change((
    "</saml:Conditions>", "<saml:AudienceRestriction><saml:Audience>urn:other</saml:Audience></saml:AudienceRestriction></saml:Conditions>"))))
bad("no audience", "Audience", signed(change(("<saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction>", ""))))
bad("another recipient", "Recipient", signed(change(('Recipient="https://signin.aws.amazon.com/saml"', 'Recipient="https://signin.aws.amazon.com.evil.example/saml"'))))
bad("no recipient", "Malformed", signed(change((' Recipient="https://signin.aws.amazon.com/saml"', ""))))
bad("no end of the confirmation", "Malformed", signed(change(('NotOnOrAfter="2026-11-22T12:05:00Z" R', "R"))))
bad("no conditions", "Malformed", signed(change(("saml:Conditions", "saml:Advice"))))
bad("a condition that nobody knows", "Malformed", signed(change(("</saml:Conditions>", '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:e="urn:e" xsi:type="e:OnlyOnMondays"/></saml:Conditions>'))))
bad("a holder of a key", "Malformed", signed(change(("cm:bearer", "cm:holder-of-key"))))
bad("two confirmations", "Malformed", signed(change(("</saml:Subject>", '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-11-22T12:05:00Z" Recipient="https://signin.aws.amazon.com/saml"/></saml:SubjectConfirmation></saml:Subject>'))))
bad("no name", "Malformed", signed(change(("ann@example.com", " "))))
bad("SAML 1.1", "Malformed", signed(change(('Version="2.0"', 'Version="1.1"'))))
bad("a time that is none", "Malformed", signed(change(("12:10:00Z", "noon"))))


# Encrypted ones.
def encrypted(inner, cipher="http://www.w3.org/2009/xmlenc11#aes256-gcm", oaep="sha1", key=None, size=32):
    secret = os.urandom(size)
    if "gcm" in cipher:
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(secret).encrypt(nonce, inner, None)
    else:
        nonce = os.urandom(16)
        fill = 16 - len(inner) % 16
        padded = inner + os.urandom(fill - 1) + bytes([fill])
        encryptor = Cipher(algorithms.AES(secret), modes.CBC(nonce)).encryptor()
        sealed = nonce + encryptor.update(padded) + encryptor.finalize()
    if oaep == "1.5":
        wrap, method = padding.PKCS1v15(), f'<xenc:EncryptionMethod Algorithm="{ENC}rsa-1_5"/>'
    elif oaep == "sha1":
        wrap = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        method = f'<xenc:EncryptionMethod Algorithm="{ENC}rsa-oaep-mgf1p"><ds:DigestMethod xmlns:ds="{NS["d"]}" Algorithm="{NS["d"]}sha1"/></xenc:EncryptionMethod>'
    else:
        wrap = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        method = f'<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod xmlns:ds="{NS["d"]}" Algorithm="{ENC}sha256"/><x11:MGF xmlns:x11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/></xenc:EncryptionMethod>'
    wrapped = base64.encodebytes((key or DECRYPT).public_key().encrypt(secret, wrap)).decode()
    return (
        f'<saml:EncryptedAssertion xmlns:saml="{NS["a"]}"><xenc:EncryptedData xmlns:xenc="{ENC}" Type="{ENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo xmlns:ds="{NS["d"]}"><xenc:EncryptedKey>{method}'
        f"<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        f"<xenc:CipherData><xenc:CipherValue>{base64.encodebytes(sealed).decode()}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedData></saml:EncryptedAssertion>"
    )


def inner(**how):
    root = etree.fromstring(ASSERTION)
    sign(root, **how)
    return etree.tostring(root)


CBC = ENC + "aes{}-cbc"
GCM = "http://www.w3.org/2009/xmlenc11#aes{}-gcm"
good("encrypted: AES-256-GCM", response(encrypted(inner())))
good("encrypted: AES-128-GCM, OAEP with SHA-256", response(encrypted(inner(), GCM.format(128), "sha256", size=16)))
good("encrypted: AES-256-CBC", response(encrypted(inner(), CBC.format(256))))
good("encrypted: AES-128-CBC", response(encrypted(inner(), CBC.format(128), size=16)))
root = response(encrypted(etree.tostring(etree.fromstring(ASSERTION))))
sign(root)
good("encrypted: only the response is signed", root)
bad("encrypted: unsigned", "Decryption", response(encrypted(etree.tostring(etree.fromstring(ASSERTION)))))
bad("encrypted: signed by a stranger", "Decryption", response(encrypted(inner(key=STRANGER))))
bad("encrypted: for somebody else", "Decryption", response(encrypted(inner(), key=STRANGER)))
bad("encrypted: not XML", "Decryption", response(encrypted(b"nothing")))
bad("encrypted: RSA 1.5", "Decryption", response(encrypted(inner(), oaep="1.5")))
bad("encrypted: a key of another length", "Decryption", response(encrypted(inner(), GCM.format(128), size=32)))
bad("encrypted: two of them", "Malformed", response(encrypted(inner()) + encrypted(inner())))
bad("encrypted: one, and one that is not", "Malformed", response(encrypted(inner()) + ASSERTION.replace("_assertion", "_other")))

(HERE / "metadata.xml").write_text(metadata())
(HERE / "decrypt.pem").write_bytes(DECRYPT.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
lines = []
for name, outcome, xml in cases:
    assert "\n== " not in xml
    lines.append(f"== {name}: {outcome}\n{xml}\n")
(HERE / "responses.txt").write_text("".join(lines))
print(len(cases), "responses")
