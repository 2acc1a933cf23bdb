"""Word lists: values and key endings that are never secret."""

_TYPES = """
any array bool boolean bytes char character column dict false field int integer list mapped_column nil no none null
number nvarchar object off on optional pscredential secretstr securestring str string text true undefined unicode
unknown uuid varchar void yes
"""
_STOPS = """
1password a abgelaufen above accepted add admin after again age all already also an and any are as ask at auth
authentication auto automatic bad basic be bearer because been before bei being below bitte bitwarden blank both but
by can cannot certificate change changed changes class clear cleartext complexity correct could create current daily
das default delete dem den denied der die digest disable disabled during each ein eine else empty enable enabled
encrypted env environment error every example expiration expire expired expires expiry failed failure falsch file
first for forgot forgotten format from fur generated get geändert had has hashed have he here hidden hint history
how hudu i if im in incorrect input interactive invalid is ist it itglue its keepass kein keine kerberos keychain
keyring kind label last lastpass later length less list locked login lost manager mandatory manual many masked may
mfa might missing mit monthly more most must n/a na nach name needed negotiate never new next nicht no none not now
ntlm number oder of ok okay old omitted on once only optional or otherwise otp pattern pending per placeholder plain
policy post prompt prompted protected public public-key put random read redacted regex remove removed required reset
ro rotated rotating rotation rw same sample saved secure see sensitive set shall she should show siehe since some
soon sso stdin still stored string strong tbd temporary text than that the then there these they this those to today
todo tomorrow too type unbekannt unchanged und unknown unlocked unset until update updated user username users valid
value values variable vault vergessen very via vom von was was-changed we weak weekly were what when where who why
will wird with without would write wrong wurde xxx yesterday yet you your your-password your-token your_password
yourkey yourpassword yourtoken zum zur zurückgesetzt
"""
_ENDINGS = """
age ages alg algo algorithm arn at auth authentication based box bucket budget change changed changes check class
cmd column command complexity count counts date days dir disabled enabled encoding endpoint endpoint_url env error
errors expiration expire expired expires expiresin expiry field fields file files form format generator group groups
has hasher hashing hint hints history id ids in index input input_tokens is ized izer izers label last lastset len
length less lifetime limit link login management manager managers map max method min mismatch model name names never
neverexpires not object on page path policies policy prefix prompt protected protection provider ref refs required
reset resets role rotate rotation rotations rules schema scope scopes set size source spray spraying state status
store strength string_template suffix sync template time ttl type types uri url urls usage used uses valid
validation validator var variable version view writeback
"""

TYPE_WORDS = frozenset(_TYPES.split())
"""Names of types and literals, which follow a key in source code."""

STOP_WORDS = frozenset(_STOPS.split())
"""Words that follow "password" in ordinary sentences and forms."""

KEY_ENDINGS = frozenset(_ENDINGS.split())
"""Endings that make a key harmless, as in `password_policy` or `token_type`."""
