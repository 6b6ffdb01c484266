"""Send what Fairlead asks people to be told by e-mail: each once, as often as it takes, and nothing that never arrives.

What was sent stands in a table, so that what comes twice is sent once; a crash between sending and noting sends it
again under the same Message-ID. While the mail server is not there nothing else is read; what it refuses for good, or
some times for one mailbox, is told here and left, so that no bad address and no full mailbox holds anybody up for long.
"""

import asyncio
import math
import os
import smtplib
import sqlite3
from email.message import EmailMessage
from hashlib import sha256
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

TABLE = "CREATE TABLE IF NOT EXISTS sent (id TEXT PRIMARY KEY)"
MAIL = os.environ.get("MAIL", "{person}@example.com")
SENDER = os.environ.get("SENDER", "fairlead@example.com")
SMTP_HOST, _, SMTP_PORT = os.environ.get("SMTP", "127.0.0.1:25").partition(":")
LONGEST_PAUSE_SECONDS = 60.0
TRIES = int(os.environ.get("TRIES", "8"))

broker = KafkaBroker(os.environ.get("BOOTSTRAP", "127.0.0.1:9092"))
app = FastStream(broker)
table = sqlite3.connect(os.environ.get("SENT", "sent.db"), check_same_thread=False)
table.execute(TABLE)


def mail_of(event_id: str, told: dict[str, Any]) -> EmailMessage:
    """The message as a mail; as HTML, too, where there is that."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = SENDER, MAIL.format(person=told["person"]), told["subject"]
    mail["Message-ID"] = f"<{sha256(event_id.encode()).hexdigest()}@{SENDER.partition('@')[2]}>"
    mail.set_content(told["body"])
    if told.get("html"):
        mail.add_alternative(told["html"], subtype="html")
    return mail


def post(mail: EmailMessage) -> None:
    """Hand the mail to the server."""
    with smtplib.SMTP(SMTP_HOST, int(SMTP_PORT or 25), timeout=10) as server:
        server.send_message(mail)


def tries_for(error: Exception) -> float:
    """How often such a mail is tried: once if that is no address, or it is refused for good; some times if one mailbox
    does not take it now, which holds up all others meanwhile; for ever if the server as a whole is in trouble.
    """
    codes = {error.smtp_code} if isinstance(error, smtplib.SMTPDataError) else set()
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _ in error.recipients.values()}
    if isinstance(error, ValueError | smtplib.SMTPNotSupportedError) or (codes and min(codes) >= 500):
        return 1
    return TRIES if codes and 421 not in codes else math.inf


@broker.subscriber("notifications", group_id="notifier", auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL)
async def tell(told: dict[str, Any], message: KafkaMessage) -> None:
    """Send it, unless it is for other means or was sent before. The position is committed behind what is done."""
    event_id, pause, tried = message.headers["ce_id"], 0.1, 0
    is_sent = table.execute("SELECT 1 FROM sent WHERE id = ?", (event_id,)).fetchone()
    while "email" in told["via"] and not is_sent:
        try:
            await asyncio.to_thread(post, mail_of(event_id, told))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            at_most = tries_for(error)
            tried += at_most < math.inf
            print("again" if tried < at_most else "given up", event_id, error, flush=True)
            if tried < at_most:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
        with table:
            table.execute("INSERT INTO sent (id) VALUES (?)", (event_id,))
        break
    await message.ack()


if __name__ == "__main__":
    asyncio.run(app.run())
