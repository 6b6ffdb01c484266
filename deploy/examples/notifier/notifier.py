"""Send what Fairlead asks people to be told by e-mail: each once, as often as it takes, and nothing that never arrives.

What was sent stands in a table, so that what comes twice is sent once; a crash between sending and noting sends it
again under the same Message-ID. While the mail server is not there nothing else is read; what it refuses for good is
told here and left, so that one bad address holds nobody up.
"""

import asyncio
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


def is_for_good(error: Exception) -> bool:
    """Whether sending it again is of no use: what is no address here, or nobody's, and a mail that is not wanted."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return isinstance(error, ValueError | smtplib.SMTPNotSupportedError)


@broker.subscriber("notifications", group_id="notifier", auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL)
async def tell(told: dict[str, Any], message: KafkaMessage) -> None:
    """Send it, unless it is for other means or was sent before. The position is committed behind what is done."""
    event_id, pause = message.headers["ce_id"], 0.1
    is_sent = table.execute("SELECT 1 FROM sent WHERE id = ?", (event_id,)).fetchone()
    while "email" in told["via"] and not is_sent:
        try:
            await asyncio.to_thread(post, mail_of(event_id, told))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            print("refused" if is_for_good(error) else "again", event_id, error, flush=True)
            if not is_for_good(error):
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
        with table:
            table.execute("INSERT INTO sent (id) VALUES (?)", (event_id,))
        break
    await message.ack()


if __name__ == "__main__":
    asyncio.run(app.run())
