"""Tells the commands that change a system from those that look at it."""

from __future__ import annotations

import re

from claudetools.domains.memory.distilling.commands import Command

_READ_LIMIT = 4_000
_PREVIEW = re.compile(r"--dry-run|-WhatIf\b|--check\b|--noop|--help\b")
_CHANGING = re.compile(
    r"""(?imx) (?:^|[;&|{(]\s*|\bsudo\s+(?:-\S+\s+)*|\b(?:powershell|pwsh)(?:\.exe)?\s+(?:-\w+\s+)*["']?)
    (?: systemctl\s+(?:--\S+\s+)*(?:start|stop|restart|reload|enable|disable|mask|unmask|edit|daemon-reload|set-)
      | service\s+\S+\s+(?:start|stop|restart|reload)
      | (?:apt|apt-get|dnf|yum|zypper|brew|choco|winget|snap|pacman|apk|pip3?|pipx)\s+(?:-\S+\s+)*
        (?:install|remove|purge|uninstall|upgrade|update\s+\S|dist-upgrade|full-upgrade|add|del|-S|refresh)
      | (?:Install|Uninstall|Update)-Module\s
      | npm\s+(?:i|install|uninstall)\s+(?:-g|--global)
      | (?:New|Set|Remove|Add|Enable|Disable|Restart|Start|Stop|Install|Uninstall|Register|Unregister|Grant|Revoke
          |Update|Rename|Move|Clear|Reset|Import|Connect|Initialize|Resize|Suspend|Resume|Repair)-
        (?!Object|TimeSpan|Location|StrictMode|Variable|PSDebug|Type|Sleep|Transcript|PSSession|Item\s+(?:Env|Variable):
          |Module|Csv|Clixml|MgGraph|ExchangeOnline|AzAccount|AzureAD|MsolService|SPOService|MicrosoftTeams|Job|Content
          |Guid|Alias|Host|Process|Member|PSDrive|History|IPPSSession|PnPOnline|VIServer)[A-Z]\w+
      | netsh\s+.*\b(?:set|add|delete|reset)\b
      | iptables\s+(?:-t\s+\S+\s+)?-[ADIFPRNX]\b | ip6tables\s+-[ADIFPRNX]\b | nft\s+(?:add|delete|insert|flush)
      | ufw\s+(?:allow|deny|delete|enable|disable|reject|limit|route) | firewall-cmd\s+.*--(?:add|remove|set|reload)
      | ip\s+(?:route|addr|address|link|rule|neigh)\s+(?:add|del|delete|set|replace|change|flush)
      | (?:useradd|usermod|userdel|groupadd|adduser|deluser|passwd|chpasswd|visudo|hostnamectl|timedatectl|nmcli)\s+\S
      | crontab\s+(?!-l)\S | chattr\s+\S | (?:mount|umount|mkfs\S*|lvextend|resize2fs|zpool|zfs\s+set)\s+\S
      | (?:chmod|chown)\s+.*\s/(?:etc|var|srv|opt|usr)\S* | (?:cp|mv|rm|ln|install|tee)\s+.*\s?/etc/\S+
      | (?:xfs_growfs|pvresize|vgextend)\s+\S
      | sed\s+(?:-\S+\s+)*-i\S*\s.*\s?/\S+
      | net\s+(?:user|localgroup|share|stop|start|accounts)\s+\S+\s*\S | reg\s+(?:add|delete|import)
      | schtasks\s+/(?:create|change|delete) | sc(?:\.exe)?\s+(?:config|create|delete|start|stop|failure)
      | (?:gpupdate|dism|bcdedit|w32tm|certutil|dsmod|dsadd|setspn|icacls|wsl\s+--install)\s+[/-]\S+
      | (?:certbot|acme\.sh)\s+(?:-\S+\s+)*(?:renew|certonly|--issue|--install|run)
      | docker(?:\s+compose|-compose)?\s+(?:-\S+\s+\S+\s+)?(?:run|rm|stop|start|restart|up|down|update|network\s+create)
      | kubectl\s+(?:apply|delete|scale|rollout|patch|set|edit|create|drain|cordon)
      | helm\s+(?:install|upgrade|rollback|uninstall) | terraform\s+(?:apply|destroy|import) | ansible-playbook\s
      | (?:az|aws|gcloud|gh)\s+.*\b(?:create|update|delete|set|add|remove|put|start|stop|restart)\b
      | (?:reboot|shutdown|poweroff|init\s+6)\b
      | (?:qm|pct|pvesh|virsh)\s+(?:set|create|start|stop|resize|destroy)
      | wsadmin\s | postconf\s+-e | a2en(?:mod|site|conf)\s | smbpasswd\s | samba-tool\s+\w+\s+(?:create|add|set|delete)
    )"""
)
_REDIRECTED = re.compile(r">>?\s*/(?:etc|usr/local/etc|var/lib|boot)/\S+")
_SQL = re.compile(
    r"\b(?:mysql|mariadb|psql|sqlcmd|sqlite3|Invoke-Sqlcmd)\b.*\b"
    r"(?:ALTER|UPDATE|INSERT\s+INTO|DELETE\s+FROM|CREATE|DROP|GRANT|REVOKE)\b",
    re.IGNORECASE | re.DOTALL,
)
_DEVICE = re.compile(
    r"(?im)^\s*(?:set\s+\S+|unset\s+\S+|config(?:ure)?\s+\S+|delete\s+\S+|no\s+\S+|commit\b|write\s+mem|wr\s+mem|"
    r"copy\s+run\S*\s+start|execute\s+(?:reboot|restore|update|vpn)|/\S+(?:\s+\S+)*\s+(?:add|set|remove|disable|enable)\b"
    r"|diagnose\s+vpn\s+tunnel\s+(?:reset|flush)|clear\s+(?:crypto|ip|vpn)|interface\s+\S+|switchport\s)"
)


def changes_configuration(command: Command) -> bool:
    """Whether the command, having succeeded, left a system other than it was."""
    inner = command.inner[:_READ_LIMIT]
    if _PREVIEW.search(inner):
        return False
    if _CHANGING.search(inner) or _REDIRECTED.search(inner) or _SQL.search(inner):
        return True
    return command.target is not None and bool(_DEVICE.search(inner))
