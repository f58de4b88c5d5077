"""Takes claimed letters to the mail server: one connection a batch, nothing sent twice."""

import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from core import icalendar, outbox
from core.db import transaction
from core.outbox import LetterState, OutboundMail
from core.settings import settings

BATCH = 100
# A disarmed house only writes verdicts, which is quick, so it takes more at once.
CAPTURE_BATCH = 2000
TIMEOUT_SECONDS = 30
TEMPORARY = range(400, 500)


def deliver(now: datetime, *, max_batches: int = 200) -> dict[str, int]:
    """Decide and send everything due; return how many letters met which end."""
    totals: dict[str, int] = {}
    with transaction():
        reaped = outbox.reap(now)
        limit = BATCH if outbox.is_armed() else CAPTURE_BATCH
    if reaped:
        totals["reaped"] = reaped
    for _ in range(max_batches):
        with transaction():
            checked = outbox.claim(now, limit)
        for state, count in checked.decided.items():
            totals[str(state)] = totals.get(str(state), 0) + count
        if checked.to_send:
            _send_batch(checked.to_send, now)
        if not checked.decided:
            break
    return totals


def _send_batch(mails: Sequence[OutboundMail], now: datetime) -> None:
    try:
        with _connection() as server:
            for mail in mails:
                _send_one(server, mail, now)
    except (OSError, smtplib.SMTPException) as error:
        for mail in mails:
            _settle(mail, LetterState.RETRY, f"no connection: {type(error).__name__}", now)


def _send_one(server: smtplib.SMTP, mail: OutboundMail, now: datetime) -> None:
    """Send one letter and write its end down at once.

    A reply is proof; a connection lost after the data was handed over is not, so the letter becomes
    `uncertain` and only a person decides it.
    """
    try:
        server.send_message(compose(mail), from_addr=_sender(), to_addrs=[mail.email])
    except smtplib.SMTPResponseException as error:
        _settle(mail, _state_for(error.smtp_code), f"{error.smtp_code} from the server", now)
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        _settle(mail, _state_for(code), f"{code} for this address", now)
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        _settle(mail, LetterState.UNCERTAIN, f"cut off: {type(error).__name__}", now)
        raise
    else:
        _settle(mail, LetterState.SENT, None, now)


def _state_for(code: int) -> LetterState:
    return LetterState.RETRY if code in TEMPORARY else LetterState.FAILED


def _settle(mail: OutboundMail, state: LetterState, reason: str | None, now: datetime) -> None:
    with transaction():
        outbox.settle(mail.letter_id, state, reason=reason, now=now)


def _sender() -> str:
    return parseaddr(settings().mail_from)[1]


def compose(mail: OutboundMail) -> EmailMessage:
    """Build the message with its fixed id, plain and HTML parts and the one-click stop headers."""
    message = EmailMessage()
    message["Subject"] = mail.subject
    message["From"] = settings().mail_from
    message["To"] = Address(display_name=mail.name, addr_spec=mail.email)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    if mail.list_name != "security":
        token = outbox.unsubscribe_token(mail.person_id, mail.list_name)
        message["List-Unsubscribe"] = f"<{settings().base_url}/unsubscribe/{token}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    if mail.calendar is not None:
        _add_invitation(message, mail.calendar)
    if message.is_multipart():
        # Of the message's own id, so that a letter sent again is the same to the byte.
        message.set_boundary("=_" + mail.message_id.strip("<>").partition("@")[0])
    return message


def _add_invitation(message: EmailMessage, calendar: str) -> None:
    """Add an invitation as RFC 6047 wants it; as base64 no server on the way breaks its lines."""
    message.add_alternative(
        calendar.encode("utf-8"),
        maintype="text",
        subtype="calendar",
        params={"charset": "utf-8", "method": str(icalendar.method_of(calendar))},
    )


@contextmanager
def _connection() -> Iterator[smtplib.SMTP]:
    """Open one connection as PENNANT_MAIL_URL says, signed in and over TLS where it can be."""
    url = urlsplit(settings().mail_url)
    host, port = url.hostname or "localhost", url.port
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS)
    else:
        server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo()
        if url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls()
            server.ehlo()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield server
    finally:
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()
