"""A mail house: postfix takes mails over STARTTLS, dovecot shows over IMAP what lies in the mailbox."""

import contextlib
import grp
import imaplib
import os
import pwd
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import trustme

from tests.channels.real.servers import free_port, open_folder, served, wait_until
from tests.machine import require_debian, require_root

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/tls.pem
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ ops@example.org=ops/ }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail/ops
passdb {{
  driver = static
  args = password=imap
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class MailHouse:
    """Where to send to, the authority to trust, and what has been delivered."""

    def __init__(self, smtp_port: int, imap_port: int, ca_file: Path) -> None:
        self.smtp_port, self._imap_port, self.ca_file = smtp_port, imap_port, ca_file

    def url(self, to: str = "ops@example.org") -> str:
        return f"mailtos://localhost:{self.smtp_port}/?from=watcher@example.net&to={to}&mode=starttls"

    def delivered(self, number: int) -> list[EmailMessage]:
        """The mails in the mailbox of ops, as they came in, once there are so many."""
        with imaplib.IMAP4("127.0.0.1", self._imap_port, timeout=10) as box:
            box.login("ops", "imap")
            ids = wait_until(lambda: _ids(box), lambda found: len(found) >= number)
            return [_fetch(box, each) for each in ids]


@contextlib.contextmanager
def mail_house() -> Iterator[MailHouse]:
    require_root()
    postfix = require_debian("postfix", package="postfix")
    dovecot = require_debian("dovecot", package="dovecot-imapd")
    with open_folder() as folder:
        smtp_port, imap_port = free_port(), free_port()
        _furnish(folder, smtp_port, imap_port)
        mta = [postfix, "-c", str(folder / "etc")]
        imap = [dovecot, "-F", "-c", str(folder / "dovecot.conf")]
        log = folder / "out.log"
        with served([*mta, "start-fg"], [smtp_port], log), served(imap, [imap_port], log):
            try:
                yield MailHouse(smtp_port, imap_port, folder / "ca.pem")
            finally:
                subprocess.run(
                    [*mta, "stop"], check=True, capture_output=True, timeout=30
                )  # its shell tells it nothing


def _furnish(folder: Path, smtp_port: int, imap_port: int) -> None:
    user = pwd.getpwnam("mail")
    places = {"folder": folder, "uid": user.pw_uid, "gid": user.pw_gid}
    for name in ("etc", "spool", "data", "mail", "run", "state"):
        (folder / name).mkdir()
    _give(folder / "data", pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postfix").gr_gid)
    _give(folder / "mail", user.pw_uid, user.pw_gid)
    (folder / "etc/main.cf").write_text(MAIN.format(**places))
    (folder / "etc/master.cf").write_text(MASTER.format(port=smtp_port))
    (folder / "dovecot.conf").write_text(DOVECOT.format(port=imap_port, **places))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "tls.pem")
    (folder / "tls.pem").chmod(0o600)


def _give(path: Path, uid: int, gid: int) -> None:
    os.chown(path, uid, gid)


def _ids(box: imaplib.IMAP4) -> list[str]:
    box.select("INBOX", readonly=True)
    return [each.decode() for each in box.search(None, "ALL")[1][0].split()]


def _fetch(box: imaplib.IMAP4, number: str) -> EmailMessage:
    (part, *_) = box.fetch(number, "(RFC822)")[1]
    assert isinstance(part, tuple)
    mail = message_from_bytes(part[1], policy=default)
    assert isinstance(mail, EmailMessage)
    return mail
