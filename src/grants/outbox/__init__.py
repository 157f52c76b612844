"""The outbox: mails on their way, sent and failed; who may look and send again."""
