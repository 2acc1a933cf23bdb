"""Lines from IT work that hold no secret; nothing in them may be replaced."""

import random
import uuid
from collections.abc import Iterator

TUNED: tuple[str, ...] = tuple(
    line
    for line in """
the password was changed yesterday
password policy is 15 characters
reset password for j.doe
please reset the password of the svc account tomorrow
password=${DB_PASS}
password: <from vault>
password: $DB_PASSWORD
DB_PASSWORD=%DB_PASSWORD%
"password": "****",
password: [REDACTED:password:0a1b2c]
password: null
token: None
secret: true
client_secret: "{{ vault_client_secret }}"
PASSWORD=<your-password>
api_key = os.environ["API_KEY"]
password = getpass.getpass()
password = config.get("db", "password")
self.password = password
def login(user: str, password: str) -> bool:
connect(host=host, user=user, password=password)
The password expires in 14 days.
password must be at least 12 characters long and contain a digit
She forgot her password and locked the account
the password is stored in IT Glue
The password is in the vault under Contoso / Firewall
Wrong password for user admin from 10.0.0.14
sshd[812]: Failed password for root from 203.0.113.7 port 51122 ssh2
Accepted password for svc-backup from 10.1.2.3 port 50122 ssh2
Enter password:
[sudo] password for admin:
Password:
password authentication is disabled in sshd_config
PasswordAuthentication no
PermitEmptyPasswords no
max_tokens: 4096
"input_tokens": 18231, "output_tokens": 912
"usage": {"cache_read_input_tokens": 48123}
token_type: bearer
token_endpoint: https://login.microsoftonline.com/common/oauth2/v2.0/token
secretName: db-credentials
secretKeyRef: {name: db, key: password}
kubectl get secret db-credentials -o yaml
passwordPolicy: complex
password_hash_algorithm: argon2id
Set-ADAccountPassword -Identity j.doe -Reset
$cred = Get-Credential
Invoke-Command -ComputerName srv01 -Credential $cred -ScriptBlock { hostname }
New-LocalUser -Name svc -Password $securePassword
ConvertTo-SecureString $env:PASS -AsPlainText -Force
mysql -u root -p erp < dump.sql
mysqldump --single-transaction -u backup -p --all-databases
mkdir -p /srv/data/backup
ssh -p 2222 admin@nas01
tar -cpf backup.tar /etc
docker run -p 8080:80 nginx
cp -a /var/lib/mysql /srv/mysql.bak
net user j.doe /domain
net user helpdesk * /add
curl -u admin https://nas01/api
curl -sS -o out.json https://api.contoso.example/v2/sites
git clone https://git.contoso.example/infra.git
git clone git@git.contoso.example:infra/site.git
commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b
index 3c59dc0..b6d767d 100644
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
Thumbprint: 5FB7EE0633E259DBAD0C4C9AE6D38F1A61C7DC25
MD5 of the ISO is d41d8cd98f00b204e9800998ecf8427e
10.0.0.1 - - [23/Nov/2026:10:11:12 +0000] "GET /login HTTP/1.1" 200 512
Subnet 192.168.10.0/24, gateway 192.168.10.1, DNS 192.168.10.5
MAC address 00:1A:2B:3C:4D:5E on port Gi1/0/24
C:\\Program Files\\Contoso\\Agent\\config.json
C:\\Users\\j.doe\\AppData\\Local\\Temp\\new\\report.txt
/usr/lib/python3/dist-packages/passlib/handlers/bcrypt.py
/etc/ssl/private/contoso.key
-----BEGIN CERTIFICATE-----
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE admin@jump01
The SNMP community string is documented in the runbook
snmp-server location Rack 4
enable secret is configured on all switches
show running-config | include username
pre-shared key rotation is planned for March
PSK mismatch on the branch tunnel, phase 1 fails
PIN entry failed three times
the pin on the connector is bent
API key rotation is due next quarter
The access token expires after 60 minutes
Bearer token missing in request
Authorization header is required
Basic authentication is deprecated in Exchange Online
use a passphrase instead of a password
Passwort wurde gestern geändert
Bitte das Kennwort zurücksetzen
password reset link sent to j.doe@contoso.example
Password manager: Bitwarden
Password complexity: enabled
Minimum password length: 14
Passwords: 3 expired, 12 ok
type: password
<input type="password" name="password" id="password">
<label for="password">Password</label>
SELECT user, password_expired FROM mysql.user;
ALTER TABLE users ADD COLUMN password VARCHAR(255) NOT NULL;
password character varying(255)
import { token } from './auth'
const token = await getToken(user);
token = response.json()["access_token"]
headers["Authorization"] = f"Bearer {token}"
-H "Authorization: Bearer $TOKEN"
Authorization: Bearer ${{ secrets.DEPLOY_TOKEN }}
key: value
foreign key (client_id) references clients(id)
primary key: id
registry key HKLM\\SOFTWARE\\Contoso\\Agent
login page is slow since the update
login to the portal / check the tickets
log in as admin and check the event log
credentials are in the vault
user: admin
username admin privilege 15
session opened for user root by (uid=0)
postgres://db01:5432/erp
http://localhost:8080/health?check=1
ratio 3:1 and time 12:30:45
version 10.0.19045.3693
KB5031356 installed on SRV-DC01
Error 0x80070005: access denied
Exit code 1 after 00:03:12
INC0048121 assigned to second line
the secret to a good backup is testing it
it is no secret that the NAS is slow
token ring is long gone
the key is to restart the spooler
""".strip().splitlines()
)

HELD: tuple[str, ...] = tuple(
    line
    for line in """
password change is scheduled for Monday 09:00
User must change password at next logon: Yes
The password for the router is in Bitwarden, folder Contoso
ask Peter for the wifi password
we do not know the password
No password set for the guest account
password is 15 characters minimum, no rotation
password: required
password: must be set
Password last set: 11/02/2026 09:14:33
Password expires: Never
pwdLastSet: 133432123456789012
pwd
cd $(pwd) && ls -la
PASSWORD="$(cat /run/secrets/db)"
passwordFile: /run/secrets/db_password
MYSQL_PASSWORD_FILE=/run/secrets/mysql
--password-file /root/.restic
restic --password-command "pass show restic" snapshots
password: !vault |
"password": "${env:DB_PASSWORD}"
password: "********"
Password: ••••••••
secret_id: 3f2504e0-4f89-11d3-9a0c-0305e82c3301
tokenizer.json loaded in 0.27 s
num_tokens=512 batch=8
token count is 18231
tokens used: 4821 of 8000
token budget: 800
the token was revoked last week
if not token: raise ValueError("token missing")
password = request.form["password"]
const { password } = req.body;
user.set_password(form.password.data)
assert verify(password, stored_hash)
Get-ADUser j.doe -Properties PasswordLastSet, PasswordNeverExpires
Read-Host -AsSecureString "Password"
az keyvault secret show --name db --vault-name kv-contoso
az ad app credential reset --id 3f2504e0-4f89-11d3-9a0c-0305e82c3301
aws secretsmanager list-secrets --region eu-central-1
vault kv get secret/contoso/firewall
gh auth status
ssh -i ~/.ssh/id_ed25519 admin@10.0.0.5
ssh-keygen -t ed25519 -C admin@contoso.example
rsync -avz -p --delete /srv/ nas01:/backup/
psql -h pg01 -U app -p 5432 erp
nmap -p 22,443 10.0.0.0/24
netstat -ano | findstr :443
grep -rn password /etc/nginx
sudo passwd svc-backup
passwd: password updated successfully
chage -l svc-backup
pam_unix(sshd:auth): authentication failure; logname= uid=0 user=root
net use Z: \\\\nas01\\data /persistent:yes
runas /user:CONTOSO\\admin cmd
service password-encryption
no snmp-server community
aaa authentication login default group radius local
radius-server timeout 5
crypto key generate rsa modulus 2048
set system login user admin class super-user
The pre-shared key does not match on the remote side
wifi password was printed on the label and replaced
the PIN of the SIM was never set
pin 4 of the header is ground
recovery code was used, generate new ones
Das Passwort läuft in 3 Tagen ab
Kennwort vergessen
Passwort Richtlinie: 12 Zeichen
Set up MFA and the password manager for the new starter
1Password item: Contoso / SRV-DC01 / local admin
Passwords are rotated by LAPS every 30 days
OAuth client credentials flow fails with AADSTS7000215
invalid_client: the client secret is expired
secret scanning is enabled on the repository
Created secret db-credentials in namespace prod
apiVersion: v1
apiKeyRequired: true
authentication: basic
auth: none
Cookie banner is broken on the portal
session cookie expires after 30 minutes
Key Vault kv-contoso-prod in westeurope
SSH host key SHA256:uNiVztksCsDhcc0u9e8BrrXVl0RqpdK5o8Qv4Zl0aXY
fingerprint 16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48
container 4f5c2d1b9a7e up 3 days
arn:aws:iam::123456789012:role/backup
s3://contoso-backups/2026/11/23/full.tar.gz
https://portal.contoso.example/reset?user=j.doe
login / logout buttons are swapped in the new theme
user/group mapping is wrong on the share
credentials / certificates tab
disk 85% full on /dev/sda1, 12.4G free
ping 8.8.8.8 -n 4
Restart-Service -Name Spooler -Force
dnf upgrade --security -y
systemctl status nginx
jq -r '.items[] | .metadata.name' pods.json
UPDATE clients SET name='Contoso' WHERE id=12;
""".strip().splitlines()
)


def generated(seed: int, count: int) -> Iterator[str]:
    """Yield lines with identifiers that look random and are not secret."""
    rng = random.Random(seed)
    for number in range(count):
        digest = rng.randbytes(20).hex()
        yield (
            f"merged {digest[:12]} into release/{rng.randrange(1, 9)}.{rng.randrange(20)}",
            f"request id {uuid.UUID(bytes=rng.randbytes(16))} took {rng.randrange(900)} ms",
            f"{digest}  backup-{rng.randrange(1000)}.tar.zst",
            f"docker pull registry.contoso.example/app@sha256:{rng.randbytes(32).hex()}",
            f"host 10.{rng.randrange(255)}.{rng.randrange(255)}.9 answered in {rng.randrange(90)} ms",
            f"ticket #{rng.randrange(10**6)} updated at 2026-11-{rng.randrange(10, 28)}T10:{rng.randrange(10, 59)}:00Z",
        )[number % 6]
