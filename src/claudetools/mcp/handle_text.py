"""What the model is told of a credential: how to run a command with it, and nothing that is secret."""

from claudetools.domains.vault import Handle

NO_CREDENTIAL = "There is no credential for this. Ask the user; do not ask for the secret itself in this conversation."
UNUSABLE = "Programs may not use it. Ask the user to run the command, or to open the credential to programs."


def handle_text(handle: Handle) -> str:
    """Return a handle as text for the model."""
    lines = [handle.name]
    if handle.username is not None:
        lines.append(f"User name: {handle.username}")
    if handle.address is not None:
        lines.append(f"Address: {handle.address}")
    if handle.host is not None and handle.host != handle.address:
        lines.append(f"Host: {handle.host}")
    if handle.requires_vpn:
        lines.append("Needs a VPN.")
    if handle.field is None:
        return "\n".join([*lines, UNUSABLE])
    name = handle.field.upper()
    use = f"claudetools exec --secret {name}=cred:{handle.id} --reason '<what for>'"
    lines += [
        "Run a command with it like this:",
        f"{use} -- sh -c '<command that uses ${name}>'",
        f"The single quotes keep your shell from expanding ${name}: it is set for that command alone.",
        f"Prefer programs that read it from a variable or their input (`--stdin {name}`) to giving it as an argument.",
        "It is masked in the output: do not try to print it.",
    ]
    if handle.needs_approval:
        lines.append("A person has to approve each run within 5 minutes. Tell the user before you start it.")
    return "\n".join(lines)
