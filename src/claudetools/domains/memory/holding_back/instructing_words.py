"""Expressions for the words of texts that instruct, in lower case; put together in `instructing`."""

GAP = r"(?:[^.!?\n]|[.!?](?=\S)){0,60}?"
WIDE = r"[^\n]{0,160}?"
AI = (
    r"(?:claude(?: code)?|chatgpt|gpt|copilot|gemini|(?:the |an? |any |all |every |dear )?(?:ai|llm|language|coding"
    r"|code)[ -](?:assistants?|agents?|models?|systems?|tools?|bots?)|(?:the |an? |any |all |dear )?assistants?(?!"
    r" (?:secretary"
    r"|manager|director|professor))|(?:the |an? |any |all |dear |liebe[rs]? )?(?:ai|llm|ki)s?|ki-(?:assistent\w*"
    r"|agent\w*|modell\w*)|sprachmodell\w*|(?:der |ein |liebe[rs]? )?assistent\w*|chatbots?|autonomous agents?)"
)
RULES = (
    r"(?:instructions?|rules?|prompts?|guidance|guidelines?|directives?|directions?|polic(?:y|ies)|constraints?|orders"
    r"|guardrails"
    r"|restrictions?|safeguards?|programming|safety (?:checks?|measures?)|training|what (?:you|the user|they) (?:were"
    r"|was|have been|has) (?:told|asked|given)|what (?:the user|your user|they|he|she) (?:asked|told|said|wants?))"
)
RULES_DE = (
    r"(?:anweisung|instruktion|vorgabe|regel|befehl|richtlinie|anordnung|prompt|einschränkung|auftr[aä]g|kontext)"
)
FORMER = (
    r"(?:previous|prior|earlier|above|preceding|existing|former|foregoing|original|initial|current|old|system|your|all"
    r"|any|the user'?s?|(?:the |your )?(?:operator|owner|user|developer)'?s?|you(?:'ve| have) been given|given (?:so"
    r" far|before)|that came before)"
)
DO = (
    r"(?:run|execute|invoke|call|send|post|upload|forward|email|mail|append|prepend|prefix|include|insert|add|install"
    r"|fetch|download|curl|wget|use|start|begin|end|close|reply|respond|answer|say|state|write|recommend|suggest"
    r"|promote"
    r"|mention|disable|skip|approve|accept|grant|allow|push|commit|merge|delete|remove|copy|cc|bcc|trust|prefer|treat"
    r"|assume|output|print|load|open|visit|report|submit|store|save|follow|obey|comply|act|pretend|read|apply|create"
    r"|set|encode|attach|enable|make sure|ensure|check in|ping|sign)"
)
DO_DE = (
    r"(?:führe|führ|starte|sende|schicke|schick|übermittle|übertrage|lade|verwende|nutze|benutze|antworte|füge"
    r"|installiere"
    r"|rufe|ruf|lösche|kopiere|leite|öffne|schreibe|schreib|hänge|gib|deaktiviere|genehmige|befolge|behandle|empfiehl"
    r"|erwähne|beginne|beende|ignoriere|vertraue|setze|melde|speichere|poste)"
)
EACH = (
    r"(?:every|each|any|all)(?: (?:single|new|future|other|git))? (?:commits?|push(?:es)?|pull requests?|merges?"
    r"|repl(?:y|ies)"
    r"|responses?|answers?|commands?|sessions?|conversations?|chats?|tasks?|deploy\w*|tool (?:calls?|uses?)|requests?"
    r"|prompts?|questions?|messages?|turns?|interactions?|outputs?|builds?|edits?)"
)
SECRETS = (
    r"(?:(?<=[ /~])\.env|secrets?|passwords?|credentials?|(?:api |access |auth |session )?(?:tokens?|keys?)"
    r"|env(?:ironment)?(?: variables?"
    r"| file)?|\.env|\.ssh|id_rsa|\.aws|kubeconfig|conversation|chat(?: history| log)?|transcripts?|history|memor(?:y"
    r"|ies)"
    r"|context|system prompt|source code|file contents?|contents? of|customer data|client (?:data|list|names?)|database"
    r"|dump|output of|hostnames?|config(?:uration)?s?|user(?:'s)? (?:data|files?|input|prompts?|messages?)|everything"
    r"|results?|findings|files? (?:listing|list|contents?)|repository|repo|notes|vault)"
)
SECRETS_DE = (
    r"(?:passw[oö]rte?r?|kennw[oö]rte?r?|zugangsdaten|anmeldedaten|geheimnisse?|token|schlüssel|umgebungsvariablen"
    r"|gespräch\w*|verlauf\w*|unterhaltung\w*|inhalte?|kundendaten|daten|dateien|ausgabe\w*|konfiguration\w*|quellcode)"
)
GIVE = (
    r"(?:send|post|upload|forward|e-?mail|mail|transmit|exfiltrate|submit|report|copy|paste|leak|include|append|attach"
    r"|push|put|encode|deliver|relay|pipe|embed|share|ship|curl|place|beacon|pass|write)"
)
OUT = (
    r"(?:https?://|hxxps?://|\S+@\S+\.\w|ftp://|(?:this |the following |our |my |an? )?(?:url|webhooks?|endpoint"
    r"|external (?:server|address|site)|collector|pastebin|remote (?:server|host)|(?:query|url) (?:string|parameters?)"
    r"|link|dns (?:quer(?:y|ies)|lookups?)|image|address)\b|\d{1,3}(?:\.\d{1,3}){3}|[a-z0-9-]{2,60}\.(?:com|net|io|ru"
    r"|cn|xyz|example|org|info|top|site|tk|sh)\b)"
)
SAYING = (
    r"(?:tell|telling|inform|informing|mention|mentioning|reveal|revealing|show|showing|notify|notifying|alert"
    r"|alerting|warn|warning|disclose|disclosing|report|reporting|ask|asking|explain|explaining|confirm with"
    r"|confirming with|prompt|prompting|bother|say|saying|talk|discuss)"
)
FETCH_AND_RUN = (
    r"(?:curl|wget|iwr|irm|invoke-webrequest|invoke-restmethod|fetch)\b[^\n|;]{0,200}(?:\||;|&&|-o)[^\n]{0,40}"
    r"(?:\b(?:ba|z|da|k)?sh\b|\biex\b|invoke-expression|python3?\b|node\b|perl\b|chmod)"
    r"|\biex\b[^\n]{0,40}(?:downloadstring|iwr|irm|new-object)|powershell[^\n]{0,60}-e(?:nc\w*)?\b[ ]+[a-z0-9+/=]{16,}"
    r"|base64 (?:-d|--decode)[^\n]{0,20}\|[^\n]{0,20}sh\b|(?:ba|z)?sh (?:-c )?[\"']?[<$]\((?:curl|wget)"
)
ASKING = (
    r"(?:\brun\b|\bexecute\b|\bpaste\b|\btype\b|\bplease\b|\bmust\b|\bneed to\b|\bhave to\b|\bsimply\b|\bjust\b"
    r"|\bfirst\b"
    r"|\bto (?:continue|proceed|fix|verify|unlock|finish|complete|resolve|repair)\b|\bführe?\b|\bausführen\b|\bbitte\b"
    r"|\bbefore\b|\benter\b)"
)
