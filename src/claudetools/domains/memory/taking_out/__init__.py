"""Taking secrets that are entered in the vault out of what was kept before."""
