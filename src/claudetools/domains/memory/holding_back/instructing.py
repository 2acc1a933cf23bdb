"""Whether a text from a tool or the web tries to instruct whoever reads it, rather than to inform.

Signs are weighed, not single words: documentation, error messages and runbooks tell their reader what to do all the
time. What counts is that somebody speaks to the assistant, gives standing orders, lets data flow out, asks for silence,
or passes for the system (OWASP LLM01 and ASI06). English and German. It is no proof of innocence: what passes here is
still framed as data when it is injected.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from claudetools.domains.memory.holding_back.instructing_words import (
    AI,
    ASKING,
    DO,
    DO_DE,
    EACH,
    FETCH_AND_RUN,
    FORMER,
    GAP,
    GIVE,
    OUT,
    RULES,
    RULES_DE,
    SAYING,
    SECRETS,
    SECRETS_DE,
    WIDE,
)
from claudetools.kit.redact.decode import unescaped

ENOUGH = 2
"""Weights add up to this before a text is held back; each sign counts once."""


_WRAP = re.compile(r"\s*\n\s*(?=[a-zäöüß])")
_BLANKS = re.compile(r"[^\S\n]+")


class QuarantineReason(StrEnum):
    """Why an item is held back: what its text tries, or where it comes from."""

    OVERRIDE = "override"
    IMPERSONATION = "impersonation"
    STANDING_ORDER = "standing_order"
    ADDRESS = "address"
    COMMAND = "command"
    EXFILTRATION = "exfiltration"
    SECRECY = "secrecy"
    MACHINE = "machine"


class _Sign(NamedTuple):
    reason: QuarantineReason
    weight: int
    pattern: re.Pattern[str]


def _sign(reason: QuarantineReason, weight: int, *alternatives: str) -> _Sign:
    return _Sign(reason, weight, re.compile("|".join(f"(?:{each})" for each in alternatives), re.MULTILINE))


_ALWAYS_HELD = (
    _sign(
        QuarantineReason.OVERRIDE,
        2,
        rf"\b(?:ignor(?:e|ing)|disregard|forget|overrid(?:e|es|ing)|bypass|set aside|discard|drop|neglect|supersedes?"
        rf"|erase|abandon|pay no (?:attention|heed) to|do not (?:follow|obey|adhere to)|don't (?:follow|obey)|stop"
        rf" (?:following"
        rf"|obeying)|no longer (?:follow|obey|bound by)|take precedence over|takes? priority over|replaces?)\b"
        rf"{GAP}\b(?:{FORMER}\b{GAP}\b{RULES}|what (?:you|the user|they) (?:were|was|have been|has) (?:told|asked"
        rf"|given)|{RULES}\b (?:above|before|so far|until now|you (?:have|were|got)|from (?:the|your) (?:user|owner"
        rf"|operator)))\b",
        r"\b(?:ignore|disregard|forget) (?:everything|anything|all)\b(?:[^.!?\n]|[.!?](?=\S)){0,30}\b(?:above|before"
        r"|previous\w*|prior|so far|said|told|else|learned)",
        rf"\b{RULES}\b(?:[^.!?\n]|[.!?](?=\S)){{0,40}}\b(?:are|is) (?:now |hereby )?(?:void|revoked|suspended"
        rf"|obsolete|cancelled|not any more|no longer"
        rf" (?:valid|apply|in (?:force|effect)))\b[^\n]{{0,100}}\b(?:instead|you|following)\b",
        rf"\b(?:ignorier\w*|vergiss|vergesst|missachte\w*|verwirf|verwerft|überschreib\w*|umgehe?|beachte\w*"
        rf"|befolge\w*|setze dich über)\b(?:[^.!?\n]|[.!?](?=\S)){{0,60}}\b\w{{0,12}}{RULES_DE}\w{{0,4}}\b(?:[^.!?\n]"
        rf"|[.!?](?=\S)){{0,30}}(?:\bnicht\b|\bhinweg\b|(?<=.))",
        r"\b(?:reveal|print|show|output|repeat|leak|disclose|recite) (?:me )?(?:your|the) (?:\w+ )?(?:system prompt"
        r"|hidden instructions?|initial (?:prompt|instructions?)|(?:system )?instructions verbatim)",
    ),
    _sign(
        QuarantineReason.IMPERSONATION,
        2,
        r"<\|?/?(?:im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id)\|?>",
        r"\[/?inst\]|<</?sys>>|<system-reminder|</?(?:system[_-](?:prompt|message|instruction|note|update)"
        r"|developer[_-]message|user_query|function_calls|antml)",
        r"^[\s#>*_\[(=-]{0,8}(?:new |updated? |important )?(?:system|developer|admin(?:istrator)?|operator|root"
        r"|security|anthropic|openai)[ -](?:prompt|override|instructions?|directive|command|policy)"
        r"(?: update| to (?:the )?\w+)?[\])*_\s]{0,4}[:=\u2014-]",
        r"\b(?:this (?:message )?(?:is|comes)|message|notice|directive|instructions?|update|request) (?:from|by|of|on"
        r" behalf of) (?:anthropic|openai|the (?:system|developers?|platform)|your (?:developers?|operators?|creators?"
        r"|administrators?|maintainers?|supervisor))\b",
        r"\byou are (?:now|no longer|henceforth) (?:a|an|in|operating|running|acting|bound|allowed|free|authori[sz]ed"
        r"|restricted|required|subject|claude)\b",
        r"\b(?:developer|god|dan|unrestricted|maintenance|jailbreak|debug) mode (?:is )?(?:now )?(?:enabled|activated"
        r"|on|engaged)",
        r"\b(?:enter|switch to|activate|enable) (?:developer|god|dan|unrestricted|jailbreak) mode",
        r"^\s*(?:#{1,4} |\*\*)?(?:human|assistant|system|developer)(?:\*\*)?: .{0,200}\b(?:you|your|always|never|ignore"
        r"|must|run|execute|send)\b",
        r"^\W{0,8}(?:new |hidden )?system[ -]?prompt\W{0,8}$",
        r"\bdu bist (?:jetzt|nun|ab sofort|nicht mehr)\b",
        r"\b(?:nachricht|anweisung|mitteilung|hinweis) (?:von|vom|des|der) (?:anthropic|systems?|entwicklers?"
        r"|betreibers?|administrators?)\b",
        r"^[\s#>*_\[(=-]{0,8}(?:neue |wichtige )?system(?:anweisung|nachricht|meldung|hinweis|befehl|prompt|richtlinie)"
        r"[\])*_\s]{0,4}[:=\u2014-]",
    ),
)
_FROM_TOOLS = (
    _sign(
        QuarantineReason.EXFILTRATION,
        2,
        rf"\b{GIVE}(?:s|ing|ed)?\b{GAP}(?<!\w){SECRETS}{WIDE}\b(?:to|at|via|through|into|in|using|with|as)\b"
        rf" {GAP}{OUT}",
        rf"\b{GIVE}\b[^\n]{{0,80}}\b(?:to|at)\b[^\n]{{0,20}}{OUT}[^\n]{{0,60}}\b(?:with|containing|including|along"
        rf" with|and include|plus)\b[^\n]{{0,30}}\b{SECRETS}",
        r"https?://\S{0,200}[?&/#][\w.-]{0,30}=?(?:\{\{?[\w .]{1,40}\}|\$\{?\(?[a-z_]{2,}|%7b|<[a-z _-]{2,40}>"
        r"|\[[a-z _-]{2,40}\]"
        r"|(?:base64|encoded?|your|the)[_-](?:secret|token|data|output|key|password|env|prompt|conversation|memory"
        r"|contents?)\w*)",
        r"!\[[^\]\n]{0,80}\]\(\s*https?://[^)\s]{1,200}[?&][\w-]{1,40}=",
        rf"\b(?:sende?|schicke?|übermittle|übertrage|lade|leite|poste|kopiere|hänge|melde)\b(?:[^.!?\n]"
        rf"|[.!?](?=\S)){{0,80}}\b{SECRETS_DE}"
        rf"{WIDE}\b(?:an|nach|zu|unter|auf|als)\b [^\n]{{0,30}}(?:https?://|\S+@\S+\.\w|url|webhook|server|adresse)",
        r"\b(?:env|printenv|cat [^\n|]{1,60}|type [^\n|]{1,60}|set)\b[^\n]{0,20}\|[^\n]{0,20}(?:curl|nc|wget)\b",
        r"\bcurl\b[^\n]{0,120}(?:-d|--data\S*|-f|-t|--upload-file)[ =]?[\"']?@?(?:\$\(|~?/?\.?(?:env|ssh|aws|kube)"
        r"|/etc/|\.env)",
    ),
    _sign(
        QuarantineReason.SECRECY,
        2,
        rf"\b(?:do not|don't|dont|never|must not|without|no need to|avoid)\b (?:ever )?(?:\w+ )?{SAYING}\b(?:"
        rf" \w+){{0,3}}?"
        rf" (?:to )?(?:the |your |any )?(?:users?|humans?|operators?|developers?|technicians?|anyone|anybody|owner)\b",
        r"\b(?:do not|don't|never) (?:mention|reveal|disclose|talk about|refer to|repeat|show|acknowledge|log|report)"
        r" (?:this|these|that|it|them|the (?:above|following|existence))\b",
        r"\b(?:keep|leave) (?:this|it|these|them) (?:\w+ )?(?:secret|hidden|confidential|between us|quiet|to yourself"
        r"|out of (?:your|the) (?:repl\w+|answer|summary|response|log)s?)",
        r"\b(?:silently|quietly|secretly|covertly|discreetly|in the background without)\b(?:[^.!?\n]"
        r"|[.!?](?=\S)){0,20}\b"
        rf"{DO}\b",
        r"\bohne\b(?:[^.!?\n]|[.!?](?=\S)){0,30}\b(?:benutzer|nutzer|anwender|techniker|menschen|nachfrage"
        r"|rückfrage)\w*(?:[^.!?\n]|[.!?](?=\S)){0,20}\b(?:zu"
        r" (?:fragen|informieren|erwähnen|warnen)|einzuholen|hinzuweisen)",
        r"\b(?:sage?|sag|erwähne?|verrate?|teile?|zeige?|melde)\b(?:[^.!?\n]|[.!?](?=\S)){0,50}\b(?:benutzer|nutzer"
        r"|anwender|niemandem|keinem|techniker)\w*\b(?:[^.!?\n]|[.!?](?=\S)){0,40}\b(?:nicht|nichts|niemals|davon)",
    ),
    _sign(
        QuarantineReason.ADDRESS,
        2,
        rf"\b{AI}\b(?:[^.!?\n]|[.!?](?=\S)){{0,60}}?\b(?:must|shall|should|needs? to|ha(?:s|ve) to|(?:is|are)"
        rf" (?:required|instructed|expected"
        rf"|obliged|authori[sz]ed|permitted|asked|told|to)|will (?:now|always)|please|muss|müssen|soll(?:en|st"
        rf"|test)?)\b",
        rf"(?:^|[.!?:\n>*#\"(-] ?)(?:hey |hi |hello |ok |attention,? |dear |note,? |hallo |achtung,? )?{AI}[,:!]\s"
        rf"(?:[^.!?\n]|[.!?](?=\S)){{0,40}}?\b(?:{DO}|{DO_DE}|you|please|bitte|du|it is|this is|when|if|before|from"
        rf"|do not|don't|never|always)\b",
        rf"\b(?:instructions?|note|message|notice|attention|important|reminder|guidance|orders|task|request|hinweis"
        rf"|anweisung\w*|achtung|nachricht)\b (?:to|for|an|für)(?: all| any| alle)?\s{AI}",
        rf"\b(?:if you(?:'re| are) {AI}|wenn du (?:eine? )?{AI} bist)\b",
        rf"\b(?:when|if|once|after|as) {AI}\b(?:[^.!?\n]|[.!?](?=\S)){{0,40}}\b(?:reads?|sees?|process\w*"
        rf"|summari[sz]es?|encounters?|parses?|reach\w*)\b[^\n]{{0,120}}\b(?:must|should|{DO})\b",
        rf"\b{AI}\b (?:reading|processing|summari[sz]ing|parsing|seeing|that reads?|who reads?) (?:this|these|the)\b",
    ),
    _sign(
        QuarantineReason.STANDING_ORDER,
        2,
        rf"\b(?:from now on(?:wards?)?|from (?:this|here|today) (?:point |moment |day )?(?:on|onwards?|forward)|from"
        rf" here on(?: out)?|henceforth|hereafter|going forward"
        rf"|as of (?:now|today|this moment)|starting (?:now|today|immediately|with (?:this|the next) \w+)|effective"
        rf" immediately|for the rest of"
        rf" (?:this|the) (?:session|conversation|chat)|until further notice|in (?:all|every|any|each) (?:future"
        rf"|subsequent|following|later) \w+|for (?:all|every|any) (?:future|subsequent|later) \w+|permanently"
        rf" remember)\b[\s,:;-]{{0,3}}(?:(?:[^.!?\n]|[.!?](?=\S)){{0,60}}?\b(?:you|your)\b|(?:[^.!?\n]"
        rf"|[.!?](?=\S)){{0,40}}?\b(?:"
        rf"always|never|please|do not|don't|it is mandatory to|make sure|remember to|must)\b|(?:\w+ly )?{DO}\b|(?:all"
        rf"|every|any) (?:commits?|commands?"
        rf"|repl\w+|responses?|answers?|code|requests?|sessions?|outputs?)\b(?:[^.!?\n]|[.!?](?=\S)){{0,30}}\b(?:must"
        rf"|shall|should|ha(?:s|ve) to|needs? to|require))",
        rf"\b(?:always|please|must|should|never forget to|remember to|make sure (?:to|you)|ensure (?:to|you|that you)"
        rf"|need to|have to|be sure to|{DO})\b"
        rf"(?:[^.!?\n]|[.!?](?=\S)){{0,100}}\b(?:before|after|prior to|at the (?:start|beginning|end|top) of|on|with"
        rf"|in|to|for|ahead of|following)\b {EACH}\b",
        rf"(?:^|[.!?:\n] ?)\W{{0,4}}(?:before|after|prior to|at the (?:start|beginning|end|top) of|on|with|in|for)"
        rf" {EACH}\b[\s,:]{{0,3}}"
        rf"(?:[^.!?\n]|[.!?](?=\S)){{0,40}}?\b(?:you (?:must|should|need|have|will|shall)|always|please|{DO}|make"
        rf" sure|it is (?:mandatory|required))\b",
        rf"\b(?:every|each|any) time (?:you|the user|someone|anyone|a|an|this) ?\b(?:[^.!?\n]"
        rf"|[.!?](?=\S)){{0,80}}[,:]? ?\b(?:you (?:must|should|need|have|will|shall)|always|please|first|also|{DO})\b",
        rf"\b{EACH}\b (?:you (?:\w+ ){{1,3}})?[^.!?\n]{{0,40}}\b(?:must|ha(?:s|ve) to|needs? to|shall|should)\b",
        r"\b(?:in|for|across) (?:all|every|any|each) (?:future|subsequent|later|following) (?:conversation|session"
        r"|chat|repl(?:y|ies)|response|answer|interaction|task|user)",
        rf"\b(?:when|while|before) (?:summari[sz]ing|reading|processing|reviewing|answering|replying|responding"
        rf"|analy[sz]ing|quoting|translating)\b[^.!?\n]{{0,60}}, ?"
        rf"(?:please |always |also |first |you (?:must|should|will) )?{DO}\b",
        rf"\bwhenever (?:you|the user|a user|someone|somebody|anyone|anybody|people|they|asked|prompted)\b(?:[^.!?\n]"
        rf"|[.!?](?=\S)){{0,100}}\b(?:you (?:must|should|need|have|will|shall)|always|please|first|also|{DO})\b",
        r"\b(?:remember|memori[sz]e|store|save|note|keep)\b(?:[^.!?\n]|[.!?](?=\S)){0,40}\b(?:in (?:your"
        r" )?(?:long[- ]term )?memory|for (?:all )?(?:future|later) (?:sessions?|conversations?"
        r"|use|reference|tasks?)|permanently|forever)\b[^\n]{0,100}",
        r"\b(?:when|if) (?:asked (?:about|to|for|whether|if|why)|the user asks|a user asks|someone asks|somebody asks"
        r"|anyone asks|you are asked|questioned|prompted)\b(?:[^.!?\n]|[.!?](?=\S)){0,80}[,:]? ?\b(?:always|say|answer"
        r"|reply|respond|claim|pretend|deny|state|tell|recommend)\b",
        rf"\b(?:ab (?:sofort|jetzt|heute)|von (?:nun|jetzt) an|künftig|zukünftig|in zukunft|fortan|bis auf"
        rf" weiteres)\b[\s,:]{{0,3}}(?:[^.!?\n]|[.!?](?=\S)){{0,60}}?\b(?:musst|sollst"
        rf"|müssen|sollen|hast du|ist (?:immer|stets)|immer|stets|niemals|{DO_DE})\b",
        r"\b(?:vor|nach|bei|an|in|am (?:anfang|ende|beginn)) (?:jede[mnrs]?|allen) (?:\w+ )?(?:commits?|push|befehl\w*"
        r"|antwort\w*|sitzung\w*|gespräch\w*|aufgabe\w*|anfrage\w*|nachricht\w*|deploy\w*|build\w*)\b",
        r"\b(?:immer wenn|jedes mal,? wenn|sobald) (?:du|der (?:be)?nutzer|jemand)\b",
    ),
    _sign(
        QuarantineReason.COMMAND,
        2,
        rf"{ASKING}[^\n]{{0,120}}?(?:{FETCH_AND_RUN})",
        rf"(?:{FETCH_AND_RUN})[^\n]{{0,60}}\b(?:to (?:continue|proceed|fix|verify|unlock)|before (?:you|doing"
        rf"|continuing|proceeding)|immediately|first)\b",
        r"\brm -rf? (?:--no-preserve-root )?[/~](?:\s|$|\*)[^\n]{0,40}\b(?:to (?:continue|fix|proceed|free)|first"
        r"|before)\b",
        r"\b(?:run|execute|please|must|just)\b[^\n]{0,40}\brm -rf? (?:--no-preserve-root )?[/~](?:\s|$|\*|`)",
    ),
    _sign(
        QuarantineReason.STANDING_ORDER,
        1,
        rf"\balways {DO}\b",
        r"\bnever (?:ask|mention|tell|refuse|warn|verify|reveal|disclose|question|report|decline)\b",
        rf"\b(?:immer|stets|niemals) \w+|\b{DO_DE}\b(?:[^.!?\n]|[.!?](?=\S)){{0,60}}\b(?:immer|stets|aus)\b",
    ),
    _sign(
        QuarantineReason.ADDRESS,
        1,
        r"\byou (?:must|are (?:required|instructed|obliged|ordered|authori[sz]ed) to|shall|will now|are to)\b",
        r"\bdu (?:musst|sollst|hast zu)\b",
        r"\byour (?:next|only|new|first|real|true|primary) (?:task|job|goal|objective|instruction|action|duty|role)\b",
    ),
    _sign(
        QuarantineReason.COMMAND,
        1,
        r"\b(?:run|execute|paste) (?:this|the following|these)\b(?! (?:to|in order))",
        r"\bbefore (?:doing|you do|answering|replying|proceeding with|continuing with) (?:anything|any|the|your)\b",
        r"\b(?:immediately|right away|at once|urgently)\b(?:[^.!?\n]|[.!?](?=\S)){0,20}\b(?:run|execute|send|delete"
        r"|download|install)\b",
    ),
    _sign(
        QuarantineReason.IMPERSONATION,
        1,
        r"^[\s#>*_\[(=-]{0,8}(?:new |updated? |important )?(?:system|developer|admin(?:istrator)?|operator|security)"
        r" (?:message|notice|reminder|note|update)[\])*_\s]{0,4}[:=\u2014-]",
        r"\b(?:new|updated|revised|mandatory|company|corporate|security|compliance|it) (?:policy|directive|mandate"
        r"|protocol|requirement)"
        r"(?: update| change| notice)?\b[^\n]{0,20}(?::|\u2014| - |requires? (?:that )?(?:you|all|every))",
        r"\b(?:per|according to|under|in accordance with) (?:the |our |your )?(?:new |updated |company |corporate "
        r"|security |it )+policy\b",
        r"\b(?:authori[sz]ed|approved|mandated|required) by (?:the )?(?:security|it|compliance|management|ciso|cto"
        r"|administrator)\b",
    ),
    _sign(
        QuarantineReason.OVERRIDE,
        1,
        r"\b(?:this|these) (?:rules?|instructions?|steps?|polic(?:y|ies)|requirements?) (?:is|are|apply|applies|must"
        r"|cannot|supersedes?|overrides?|takes?)\b|\b(?:no exceptions|non-negotiable|under no circumstances)\b",
        r"\bmandatory (?:for|step|action)\b",
    ),
)


def instructing(text: str, *, is_from_tool: bool) -> QuarantineReason | None:
    """Return why a text that no person wrote is held back, None if it is not.

    What Claude says or remembers is held back when it passes for the system or sets instructions aside: Claude notes
    conventions ("always run the tests") with good reason. Of text from tools and the web every sign counts.
    """
    plain = _BLANKS.sub(" ", _WRAP.sub(" ", unescaped(text))).lower()
    weights: dict[QuarantineReason, int] = {}
    for sign in (*_ALWAYS_HELD, *_FROM_TOOLS) if is_from_tool else _ALWAYS_HELD:
        if sign.pattern.search(plain):
            weights[sign.reason] = weights.get(sign.reason, 0) + sign.weight
    if sum(weights.values()) < ENOUGH:
        return None
    return max(weights, key=lambda reason: weights[reason])
